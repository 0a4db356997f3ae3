"""What became of contacts that were put into a funnel, in words."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.i18n import number as _n
from app.core.models import Job


def said(job: Job) -> str:
    """Of a job of this kind that is done."""
    is_undo = "undoes" in job.params
    if (job.result or {}).get("gone"):
        return str(_("What this was about is gone: the funnel, its stage or the segment was deleted meanwhile."))
    parts = [_taken(job.done) if is_undo else _added(job.done)]
    if job.skipped:
        parts.append(_kept(job.skipped) if is_undo else _skipped(job.skipped))
    return " ".join(parts)


def _added(done: int) -> str:
    if not done:
        return str(_("Nobody was added."))
    shown = _n(done)
    return str(ngettext("%(number)s contact added.", "%(number)s contacts added.", done, number=shown))


def _skipped(number: int) -> str:
    return str(
        ngettext(
            "%(number)s was skipped: already on the board, or deleted meanwhile.",
            "%(number)s were skipped: already on the board, or deleted meanwhile.",
            number,
            number=_n(number),
        )
    )


def _taken(done: int) -> str:
    return str(ngettext("%(number)s card taken off.", "%(number)s cards taken off.", done, number=_n(done)))


def _kept(number: int) -> str:
    return str(
        ngettext(
            "%(number)s was left: changed or removed since.",
            "%(number)s were left: changed or removed since.",
            number,
            number=_n(number),
        )
    )
