"""One function per act of a person or question of theirs; command line and page use the same."""
