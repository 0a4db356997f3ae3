"""Mailings: open rates where there can be one, and who never opened."""
