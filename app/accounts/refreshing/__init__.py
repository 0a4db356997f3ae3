"""Refresh tokens: a program's next access token, each for one use."""
