"""Figures of opens of days that are over, put together so that a year is a few hundred rows."""
