"""One id: its figures, the mailings that list it, and its opens as moments of a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.i18n import number
from app.core.masking import seen_address
from app.opens.log.reading import Line
from app.opens.log.words import why_not_counted
from app.opens.mailings.models import MailedId, Mailing
from app.opens.models import Open, OpenedId
from app.opens.rules.words import CLASSES, class_word, client_word, device_word, reason_words

MOST_MAILINGS = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """A mailing that lists the id. `took_s`: from there to the first counted open after it."""

    mailing_id: UUID
    name: str
    sent_at: datetime
    opened_at: datetime | None

    @property
    def took_s(self) -> float | None:
        return (self.opened_at - self.sent_at).total_seconds() if self.opened_at is not None else None


def standing(session: Session, account_id: UUID, ref: str) -> OpenedId | None:
    """Its figures of all time; None when no image was ever loaded with it."""
    return session.get(OpenedId, (account_id, ref))


def mailed(session: Session, account_id: UUID, ref: str) -> list[Sent]:
    """The mailings that list it, the latest first."""
    found = (
        select(MailedId.mailing_id, Mailing.name, MailedId.sent_at, MailedId.opened_at)
        .join(Mailing, Mailing.id == MailedId.mailing_id)
        .where(MailedId.account_id == account_id, MailedId.ref == ref)
        .order_by(MailedId.sent_at.desc(), MailedId.mailing_id)
        .limit(MOST_MAILINGS)
    )
    return [Sent(*row) for row in session.execute(found)]


@dataclass(frozen=True, slots=True)
class Moment:
    """One open in the timeline; `facts` are short texts, `agent` the user agent as it came."""

    at: datetime
    title: str
    tone: str
    icon: str
    reason: str
    facts: list[str]
    agent: str
    rule_version: str


def moment(line: Line, images: Mapping[UUID, str]) -> Moment:
    found = line.open
    _word, tone, icon = CLASSES[found.open_class]
    return Moment(
        at=found.created_at,
        title=_title(found),
        tone=tone if found.is_view else "secondary",
        icon=icon,
        reason=reason_words(found.reason),
        facts=[fact for fact in _facts(found, images) if fact],
        agent=line.agent or "",
        rule_version=found.rule_version,
    )


def _title(found: Open) -> str:
    if found.is_first:
        return str(_("First open: %(of)s", of=class_word(found.open_class)))
    return why_not_counted(found) or class_word(found.open_class)


def _facts(found: Open, images: Mapping[UUID, str]) -> list[Any]:
    hits = ngettext("%(number)s load", "%(number)s loads", found.hits, number=number(found.hits))
    return [
        images.get(found.image_id) or found.file,
        client_word(found.client),
        device_word(found.device),
        seen_address(found.address),
        hits if found.hits > 1 else None,
        _("Signed link") if found.is_signed else None,
        _("The id was longer: it is cut") if found.is_cut else None,
    ]
