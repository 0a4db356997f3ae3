"""The log of consents read back: the latest word by channel, and all of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Channel, Purpose
from app.contacts.consent.suppression import CONSENT_COLUMN
from app.contacts.models import Contact
from app.core.pagination import Page, keyset


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for a channel, and the entry that says so: None where nobody said anything, or where the number or
    the address had said no before the contact came."""

    channel: Channel
    state: str
    proof: ConsentEvent | None


def standings(session: Session, contact: Contact) -> list[Standing]:
    """Of every channel."""
    return [
        Standing(channel, state := getattr(contact, column), _proof(session, contact, channel, state))
        for channel, column in CONSENT_COLUMN.items()
    ]


def _proof(session: Session, contact: Contact, channel: Channel, state: str) -> ConsentEvent | None:
    mine = select(ConsentEvent).where(
        ConsentEvent.account_id == contact.account_id,
        ConsentEvent.contact_id == contact.id,
        ConsentEvent.channel == channel,
        ConsentEvent.purpose == Purpose.MARKETING,
        ConsentEvent.state == state,
    )
    return session.scalar(mine.order_by(ConsentEvent.id.desc()).limit(1))


def log_of(
    session: Session, account_id: UUID, contact_id: UUID, *, after: str | None = None, page: int = 1, limit: int = 50
) -> Page[ConsentEvent]:
    """The latest first. Raises Malformed for a cursor that is not ours."""
    mine = (ConsentEvent.account_id == account_id) & (ConsentEvent.contact_id == contact_id)
    return keyset(session, select(ConsentEvent).where(mine), [ConsentEvent.id.desc()], after, limit, page=page)
