"""Recording what somebody agreed to or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.contacts.consent import suppression
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Basis, Channel, Consent, ConsentSource, Purpose, Suppressed
from app.contacts.models import Contact
from app.core import clock, events
from app.core.access import Actor
from app.core.errors import Conflict
from app.core.ids import uuid7
from app.core.runtime import runtime

BY_THE_PERSON = (ConsentSource.PREFERENCES, ConsentSource.MESSAGE)
ONLY_THEMSELVES = _l("This person said no. Only they themselves can say yes again.")


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


def record(session: Session, actor: Actor | None, contact: Contact, given: Given) -> bool:
    """Adds to the log, keeps the contact's own state and the list of the suppressed, and tells of an opt-out; False
    when it changes nothing. Raises Conflict where somebody else says yes for a person who said no."""
    column = suppression.CONSENT_COLUMN[given.channel]
    is_marketing = given.purpose == Purpose.MARKETING
    present = getattr(contact, column)
    if is_marketing:
        if present == given.state:
            return False
        if present == Consent.DENIED and given.source not in BY_THE_PERSON:
            raise Conflict(ONLY_THEMSELVES)
    session.add(event_of(actor, contact, given))
    if is_marketing:
        setattr(contact, column, str(given.state))
        contact.updated_at = clock.now()
        contact.version += 1
        _keep_suppression(session, contact, given)
    return True


def event_of(actor: Actor | None, contact: Contact, given: Given) -> ConsentEvent:
    now = clock.now()
    return ConsentEvent(
        id=uuid7(),
        account_id=contact.account_id,
        contact_id=contact.id,
        channel=given.channel,
        purpose=given.purpose,
        state=given.state,
        basis=given.basis,
        source=given.source,
        detail=given.detail,
        text_version=given.text_version,
        at=given.at or now,
        created_at=now,
        actor_id=actor.user_id if actor else None,
        actor=actor.name[:254] if actor else None,
        ip_address=given.ip_address,
    )


def _keep_suppression(session: Session, contact: Contact, given: Given) -> None:
    """WhatsApp's is the phone's, e-mail's the address's."""
    connection = session.connection()
    kind = "phone" if given.channel == Channel.WHATSAPP else "email"
    hashes = suppression.hashes_of(runtime().settings.pii_hash_key, contact.phone_key, contact.email)
    own = [hashes[kind]] if kind in hashes else []
    if given.state == Consent.DENIED:
        suppression.add(connection, contact.account_id, own, Suppressed.OPTED_OUT, given.channel)
        events.emit(connection, "contact.opted_out", contact.account_id, opted_out(contact, given))
    else:
        suppression.lift(connection, contact.account_id, own, given.channel)


def opted_out(contact: Contact, given: Given) -> dict[str, Any]:
    return {"contactId": str(contact.id), "channel": str(given.channel), "source": str(given.source)}
