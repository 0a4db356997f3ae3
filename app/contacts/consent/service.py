"""Recording what somebody agreed to or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.contacts import news
from app.contacts.consent import spreading, suppression
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import ANY_CHANNEL, Basis, Channel, Consent, ConsentSource, Purpose, Suppressed
from app.contacts.models import Contact
from app.core import clock, events
from app.core.access import Actor
from app.core.errors import Conflict, Invalid
from app.core.ids import uuid7
from app.core.runtime import runtime

BY_THE_PERSON = (ConsentSource.PREFERENCES, ConsentSource.MESSAGE)
BY_HAND = (ConsentSource.FORM, ConsentSource.API)
ONLY_THEMSELVES = _l("This person said no. Only they themselves can say yes again.")
NOT_YET = _l("This is in the future.")


@dataclass(frozen=True, slots=True)
class Given:
    """A consent or refusal. `at`: when the person said so (None: now); `detail` and `text_version` are its proof."""

    channel: Channel
    state: Consent
    source: ConsentSource
    purpose: Purpose = Purpose.MARKETING
    basis: Basis | None = None
    detail: str | None = None
    text_version: str | None = None
    at: datetime | None = None
    ip_address: str | None = None

    @property
    def renews_proof(self) -> bool:
        """Whether it is worth an entry although nothing changes: somebody has a better proof of a yes."""
        is_proven = self.detail is not None or self.text_version is not None
        return self.state == Consent.GRANTED and self.source in BY_HAND and is_proven


def record(session: Session, actor: Actor | None, contact: Contact, given: Given) -> bool:
    """Adds to the log, keeps the contact's own state and the list of the suppressed, and tells of an opt-out; False
    when there is nothing to add. The contact's row is locked by the caller. A no counts however old it is, and for
    everybody in the account who shares the address: they follow right after the commit, in parts. Raises Invalid for a
    time to come, and Conflict where somebody else says yes for a person who said no."""
    if given.at is not None and given.at > clock.now():
        raise Invalid({"at": [NOT_YET]})
    if given.purpose != Purpose.MARKETING:
        session.add(event_of(actor, contact, given))
        return True
    column = suppression.CONSENT_COLUMN[given.channel]
    changes = getattr(contact, column) != given.state
    if not changes and not given.renews_proof:
        return False
    if given.source not in BY_THE_PERSON and _takes_back_a_no(session, contact, given):
        raise Conflict(ONLY_THEMSELVES)
    session.add(event_of(actor, contact, given))
    if changes:
        _keep(session, contact, given)
    return True


def event_of(actor: Actor | None, contact: Contact, given: Given) -> ConsentEvent:
    return ConsentEvent(**event_values(actor, contact.account_id, contact.id, given))


def event_values(actor: Actor | None, account_id: UUID, contact_id: UUID, given: Given) -> dict[str, Any]:
    """The columns of an entry in the log."""
    now = clock.now()
    return {
        "id": uuid7(),
        "account_id": account_id,
        "contact_id": contact_id,
        "channel": given.channel,
        "purpose": given.purpose,
        "state": given.state,
        "basis": given.basis,
        "source": given.source,
        "detail": given.detail,
        "text_version": given.text_version,
        "at": given.at or now,
        "created_at": now,
        "actor_id": actor.user_id if actor else None,
        "actor": actor.name[:254] if actor else None,
        "ip_address": given.ip_address,
    }


def _takes_back_a_no(session: Session, contact: Contact, given: Given) -> bool:
    """That of this contact, or, by a yes, that of another one with the same number or address, which may be gone."""
    if given.state == Consent.DENIED:
        return False
    if getattr(contact, suppression.CONSENT_COLUMN[given.channel]) == Consent.DENIED:
        return True
    found = suppression.find(session.connection(), contact.account_id, _hashes(contact, given.channel))
    said_no = any({given.channel, ANY_CHANNEL} & reasons.keys() for reasons in found.values())
    return said_no and given.state == Consent.GRANTED


def _keep(session: Session, contact: Contact, given: Given) -> None:
    """The contact's own state, its news, and the list of the suppressed: WhatsApp's is the phone's, e-mail's the
    address's."""
    column = suppression.CONSENT_COLUMN[given.channel]
    setattr(contact, column, str(given.state))
    contact.updated_at = clock.now()
    contact.version += 1
    session.flush()
    connection = session.connection()
    own = _hashes(contact, given.channel)
    if contact.deleted_at is None:  # of one that is deleted, only the no is news
        told = news.of(contact, [_field(given.channel)])
        events.emit(connection, "contact.updated", contact.account_id, told)
    if given.state == Consent.DENIED:
        suppression.add(connection, contact.account_id, own, Suppressed.OPTED_OUT, given.channel)
        events.emit(connection, "contact.opted_out", contact.account_id, opted_out(contact.id, given))
        if given.channel == Channel.EMAIL and contact.email:
            spreading.follow(connection, contact.account_id, contact.email, deny_other(contact.account_id, given))
    elif given.source in BY_THE_PERSON:
        suppression.lift(connection, contact.account_id, own, given.channel)


def deny_other(account_id: UUID, given: Given) -> spreading.Deny:
    """What happens to another contact of the same address, whose row is changed already."""

    def deny(connection: Connection, contact_id: UUID, version: int, source: str) -> dict[str, Any]:
        told = news.told(contact_id, version, source, [_field(given.channel)])
        events.emit(connection, "contact.updated", account_id, told)
        events.emit(connection, "contact.opted_out", account_id, opted_out(contact_id, given))
        return event_values(None, account_id, contact_id, given)

    return deny


def _field(channel: Channel) -> str:
    return news.FIELDS[suppression.CONSENT_COLUMN[channel]]


def _hashes(contact: Contact, channel: Channel) -> list[str]:
    """The one of what the channel reaches them by, if they have that."""
    kind = "phone" if channel == Channel.WHATSAPP else "email"
    found = suppression.hashes_of(runtime().settings.pii_hash_key, contact.phone_key, contact.email)
    return [found[kind]] if kind in found else []


def opted_out(contact_id: UUID, given: Given) -> dict[str, Any]:
    """The payload of contact.opted_out."""
    return {"contactId": str(contact_id), "channel": str(given.channel), "source": str(given.source)}
