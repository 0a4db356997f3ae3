"""Targets: what the engine knows of each outside account, and what people may do about it."""
