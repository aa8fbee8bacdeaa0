"""Derived attributes: the domain's knowledge, once, for every declaration."""
