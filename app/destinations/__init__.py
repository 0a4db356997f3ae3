"""Conversion platforms: one pure adapter each."""
