"""Who is never to be written to: keyed hashes that outlive the contacts (LGPD; facts/whatsapp.md §7.3)."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.contacts.consent.models import Suppression
from app.contacts.consent.states import ANY_CHANNEL, Channel, Consent, Suppressed
from app.core import clock

Reasons = Mapping[str, str]  # channel or ANY_CHANNEL -> Suppressed
AT_ONCE = 500


def hash_of(key: str, kind: str, value: str) -> str:
    """Of a phone key ("phone") or an e-mail address ("email"), by PII_HASH_KEY, which never rotates."""
    return hmac.new(key.encode(), f"{kind}:{value}".encode(), sha256).hexdigest()


def hashes_of(key: str, phone_key: str | None, email: str | None) -> dict[str, str]:
    """What identifies a person -> its hash: "phone", "email"; only what is there."""
    known = {"phone": phone_key, "email": email}
    return {kind: hash_of(key, kind, value) for kind, value in known.items() if value}


def find(connection: Connection, account_id: UUID, hashes: Iterable[str]) -> dict[str, Reasons]:
    """hash -> why, for those that are suppressed."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    wanted = list(dict.fromkeys(hashes))
    for start in range(0, len(wanted), AT_ONCE):
        rows = connection.execute(
            select(Suppression.hash, Suppression.channel, Suppression.reason).where(
                Suppression.account_id == account_id, Suppression.hash.in_(wanted[start : start + AT_ONCE])
            )
        )
        for hash_, channel, reason in rows:
            found[hash_][channel] = reason
    return dict(found)


def is_erased(reasons: Iterable[Reasons]) -> bool:
    """Whether the person asked to be forgotten: nobody takes them in again but they themselves."""
    return any(Suppressed.ERASED in one.values() for one in reasons)


def denied_channels(phone: Reasons | None, email: Reasons | None) -> set[Channel]:
    """By which channels somebody said no before: WhatsApp by the phone's hash, e-mail by the address's."""
    own = {Channel.WHATSAPP: phone or {}, Channel.EMAIL: email or {}}
    return {channel for channel, reasons in own.items() if channel in reasons or ANY_CHANNEL in reasons}


def add(
    connection: Connection, account_id: UUID, hashes: Iterable[str], reason: Suppressed, channel: str = ANY_CHANNEL
) -> None:
    """Adds to the list; what is there stays."""
    now = clock.now()
    rows = [
        {"account_id": account_id, "hash": hash_, "channel": channel, "reason": reason, "created_at": now}
        for hash_ in hashes
    ]
    if rows:
        insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
        connection.execute(insert(Suppression).on_conflict_do_nothing(), rows)


def lift(connection: Connection, account_id: UUID, hashes: Iterable[str], channel: str | None = None) -> int:
    """Takes off the list, for one channel or all; how many rows went."""
    mine = (Suppression.account_id == account_id) & Suppression.hash.in_(list(hashes))
    if channel is not None:
        mine &= Suppression.channel == channel
    return connection.execute(delete(Suppression).where(mine)).rowcount


CONSENT_COLUMN = {Channel.WHATSAPP: "whatsapp_consent", Channel.EMAIL: "email_consent"}


def starting_consents(phone: Reasons | None, email: Reasons | None) -> dict[str, str]:
    """The consent columns of a contact that is taken in: denied where they said no before, else unknown."""
    denied = denied_channels(phone, email)
    return {name: Consent.DENIED if channel in denied else Consent.UNKNOWN for channel, name in CONSENT_COLUMN.items()}
