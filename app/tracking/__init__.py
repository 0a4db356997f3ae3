"""Conversion events: intake, log, status."""
