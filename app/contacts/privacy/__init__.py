"""The privacy desk: what is held about a person, and what becomes of it on request."""
