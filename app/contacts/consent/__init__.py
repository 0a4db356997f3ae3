"""Who may be written to, by which channel, and how that is known."""
