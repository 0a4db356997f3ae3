"""Pixels: accounts at a destination."""
