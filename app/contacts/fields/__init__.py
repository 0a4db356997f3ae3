"""The fields that an account adds to its contacts."""
