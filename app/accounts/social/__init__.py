"""Signing in with Google or Facebook."""
