"""What an orchestrator and a model must agree on, as pure values and functions.

Nothing here does input or output or reads a clock, so that the answer a model author gets from
their own test is the answer the orchestrator will give. Only `wire` knows the generated gRPC types.
"""
