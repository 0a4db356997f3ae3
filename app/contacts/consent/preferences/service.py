"""What somebody says on the page of their own link."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.contacts.consent import service as consents
from app.contacts.consent.links import contact_id_of
from app.contacts.consent.service import Given
from app.contacts.consent.states import Basis, Channel, Consent, ConsentSource
from app.contacts.consent.suppression import CONSENT_COLUMN
from app.contacts.merging.chains import kept_of
from app.contacts.models import Contact
from app.core.errors import N_, NotFound

GONE = N_("This link does not work: it is not complete. Open it again from the message that you received.")
TEXT_VERSION = "preferences-1"  # of what the page says; another text gets another number


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a link is about. `contact` None: nothing is held about them any more."""

    contact: Contact | None
    company: str | None

    @property
    def channels(self) -> list[Channel]:
        """By which they can be reached."""
        reached = {Channel.WHATSAPP: "phone", Channel.EMAIL: "email"}
        return [channel for channel, name in reached.items() if self.contact and getattr(self.contact, name)]

    @property
    def wanted(self) -> set[Channel]:
        """To which they said yes."""
        return {channel for channel in self.channels if getattr(self.contact, CONSENT_COLUMN[channel]) == "granted"}


def find(session: Session, token: str, *, lock: bool = False) -> Person:
    """Raises NotFound for a link that we did not make. A contact that was merged into another one leads to that; one
    that was deleted is found for as long as its row is there, so that its no is still heard."""
    contact_id = contact_id_of(token)
    if contact_id is None:
        raise NotFound(GONE)
    contact = _contact(session, contact_id, lock=lock)
    if contact is None and (kept_id := kept_of(session, contact_id)) is not None:
        contact = _contact(session, kept_id, lock=lock)
    if contact is None or contact.anonymised_at is not None:
        return Person(None, None)
    return Person(contact, session.scalar(select(Account.name).where(Account.id == contact.account_id)))


def choose(session: Session, person: Person, wanted: Collection[Channel], ip_address: str | None) -> int:
    """Says yes to `wanted` and no to every other channel; how many that changed."""
    said = {channel: Consent.GRANTED if channel in wanted else Consent.DENIED for channel in person.channels}
    return sum(_say(session, person.contact, channel, state, ip_address) for channel, state in said.items())


def stop(session: Session, person: Person, channels: Sequence[Channel], ip_address: str | None) -> int:
    """Says no to these."""
    return sum(_say(session, person.contact, channel, Consent.DENIED, ip_address) for channel in channels)


def _say(session: Session, contact: Contact | None, channel: Channel, state: Consent, ip_address: str | None) -> bool:
    if contact is None:
        return False
    given = Given(
        channel,
        state,
        ConsentSource.PREFERENCES,
        basis=Basis.CONSENT,
        text_version=TEXT_VERSION,
        ip_address=ip_address,
    )
    return consents.record(session, None, contact, given)


def _contact(session: Session, id_: UUID, *, lock: bool) -> Contact | None:
    wanted = select(Contact).where(Contact.id == id_)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalar(wanted)
