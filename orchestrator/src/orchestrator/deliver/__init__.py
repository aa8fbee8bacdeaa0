"""Puts results where they belong and proves that they are there."""
