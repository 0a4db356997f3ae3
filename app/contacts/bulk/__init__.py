"""One action on many contacts at once."""
