"""What may go wrong, as small functions: each takes the world, a seeded chance, and when to end."""
