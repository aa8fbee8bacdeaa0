"""Logs, metrics and traces: what is said about the work, never what decides it."""
