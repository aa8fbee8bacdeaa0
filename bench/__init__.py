"""Measures Wetread on this machine, beside a plain reference that does the same work without it."""
