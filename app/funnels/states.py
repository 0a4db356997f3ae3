"""How a card stands, what can change about it, and what rules wait for."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Of a card, and the kind of a stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class ChangeKind(StrEnum):
    CREATED = "created"
    MOVED = "moved"  # to another stage
    ORDERED = "ordered"  # to another place in its stage
    EDITED = "edited"
    REMOVED = "removed"
    RESTORED = "restored"


class Removal(StrEnum):
    """Why a card is on no board."""

    PERSON = "person"  # somebody took it off
    CONTACT = "contact"  # its contact was deleted; comes back with it
    MERGED = "merged"  # the contact that took in this one has an open card already
    ERASED = "erased"  # the person asked to be forgotten


class Trigger(StrEnum):
    ENTERED = "entered"  # the stage
    STAYED = "stayed"  # in the stage, for days
    TAGGED = "tagged"  # the contact has the tag


class Outcome(StrEnum):
    """Of a rule on a card."""

    DONE = "done"
    PARTLY = "partly"  # some actions could not be done
    FAILED = "failed"
    STOPPED = "stopped"  # would have gone round in circles
