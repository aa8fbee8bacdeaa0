"""The shortest model service: mean and standard deviation of every instance's pixels."""
