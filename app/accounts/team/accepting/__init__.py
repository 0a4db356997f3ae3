"""Following the link of an invitation."""
