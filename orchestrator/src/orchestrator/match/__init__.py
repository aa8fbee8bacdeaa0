<<<<<<< HEAD
"""Which models a study is for, and why: pure."""
=======
"""Declarations × site policy × headers → matches, with reasons: pure, no input or output, no clock."""
>>>>>>> contract
