"""Starts the real components on this machine and follows a study through them.

The stack is shared by `make demo`, `make smoke`, the end-to-end tests and the benchmarks, so that
what a person sees is what the tests prove. Nothing that is shipped imports it.
"""
