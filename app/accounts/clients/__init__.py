"""API clients: the applications of an account that report events, each with its token."""
