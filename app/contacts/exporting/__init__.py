"""The filtered contacts as a file."""
