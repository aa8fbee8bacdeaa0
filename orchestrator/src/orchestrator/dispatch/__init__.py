"""Finds models, calls them, streams instances to them: the only package that speaks gRPC."""
