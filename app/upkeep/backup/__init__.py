"""Backup of a database that is in use, and its restore."""
