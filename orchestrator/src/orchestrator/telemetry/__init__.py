"""Logs and metrics: what is said about the work, never what decides it."""
