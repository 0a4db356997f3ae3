"""The worker processes: drains, long jobs, the ticker."""
