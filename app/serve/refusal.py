"""The one exception for "it cannot start like this"."""


class Refusal(Exception):
    """Why the product cannot start here and now, in one sentence for a terminal. Exit code 1."""
