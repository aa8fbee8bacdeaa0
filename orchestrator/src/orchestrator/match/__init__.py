"""Which models a study is for, and why: pure."""
