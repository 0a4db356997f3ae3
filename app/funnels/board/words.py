"""What the script of the board says, in the language of its reader."""

from __future__ import annotations

from flask_babel import gettext as _


def for_script() -> dict[str, str]:
    """name -> text; `{…}` are filled in by the script."""
    return {
        "saving": _("Saving"),
        "offline": _("The server could not be reached: the card is back where it was."),
        "failed": _("The card could not be moved: it is back where it was."),
        "gone": _("This funnel is not there any more."),
        "signIn": _("Sign in again to go on."),
        "undo": _("Undo"),
        "undone": _("Taken back."),
        "picked": _(
            "{name} picked up, {position} of {total} in {stage}. Arrows move it, Space puts it down, Esc cancels."
        ),
        "over": _("{stage}, {position} of {total}"),
        "dropped": _("{name} put down in {stage}, {position} of {total}."),
        "cancelled": _("{name} is back where it was."),
        "move": _("Move {name}"),
        "needsReason": _("Say why the deal was lost."),
        "changed": _("Somebody else changed this card: it is shown as it is now."),
        "removed": _("{name} is not among the cards shown any more."),
    }
