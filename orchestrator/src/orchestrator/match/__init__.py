"""Declarations × site policy × headers → matches, with reasons: pure, no input or output, no clock."""
