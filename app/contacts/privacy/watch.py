"""Requests about personal data that are overdue, or nearly: the law gives fifteen days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.attention.checks import Found, Look, Severity, register
from app.attention.words import Describe, Facts, Step, Words, describe
from app.contacts.privacy.models import PrivacyRequest, RequestState

OVERDUE, DUE_SOON = "privacy_overdue", "privacy_due_soon"
SOON = timedelta(days=3)


def watch() -> None:
    register("privacy", WORDS, check)
    describe(WORDS)


def check(look: Look) -> Iterator[Found]:
    """Costs as much as there are open requests, of which people keep few."""
    is_open = PrivacyRequest.state == RequestState.OPEN
    due = select(PrivacyRequest.account_id, PrivacyRequest.due_at).where(
        is_open, PrivacyRequest.due_at < look.now + SOON
    )
    counts = Counter((account_id, due_at < look.now) for account_id, due_at in look.connection.execute(due))
    for (account_id, is_late), number in counts.items():
        kind, severity = (OVERDUE, Severity.DANGER) if is_late else (DUE_SOON, Severity.WARNING)
        yield Found(account_id, kind, "privacy", severity, {"number": number})


def _overdue(_subject: str, facts: Facts) -> Words:
    number = facts["number"]
    return Words(
        ngettext("%(num)d request about personal data is overdue",
                 "%(num)d requests about personal data are overdue", number),
        _("The law gives fifteen days to answer."),
        _("Open the privacy desk and answer, or decline with the reason."),
        _desk(),
    )  # fmt: skip


def _due_soon(_subject: str, facts: Facts) -> Words:
    number = facts["number"]
    return Words(
        ngettext("%(num)d request about personal data is due within three days",
                 "%(num)d requests about personal data are due within three days", number),
        _("The law gives fifteen days to answer."),
        _("Open the privacy desk and answer, or decline with the reason."),
        _desk(),
    )  # fmt: skip


def _desk() -> tuple[Step, ...]:
    return (Step(_("Open the privacy desk"), "privacy.index", "privacy.handle"),)


WORDS: dict[str, Describe] = {OVERDUE: _overdue, DUE_SOON: _due_soon}
