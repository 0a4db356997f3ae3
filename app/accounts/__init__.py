"""Accounts, people, API clients, sign-in and the audit log."""
