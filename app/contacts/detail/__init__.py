"""The page of one contact, and what is changed on it."""
