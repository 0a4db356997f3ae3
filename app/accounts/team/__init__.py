"""The people of an account: who is in it, with which role, and who is invited."""
