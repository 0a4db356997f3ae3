"""Contacts that may be one person, and making one of two."""
