"""Why a backup or a restore cannot be done."""


class Refused(Exception):
    """In one sentence, with what to do about it."""
