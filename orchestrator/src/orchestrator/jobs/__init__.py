"""The ledger, which is the truth about every study and job, and the engine, which only executes."""
