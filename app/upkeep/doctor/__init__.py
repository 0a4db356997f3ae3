"""Looks at an installation and says what is not right, and what to do about it."""
