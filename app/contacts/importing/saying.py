"""The consents and refusals that rows of a file bring: the log, the list of the suppressed, the news."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.contacts.consent import spreading, suppression
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.service import Given, deny_other, event_values, opted_out
from app.contacts.consent.states import Channel, Consent, ConsentSource, Suppressed
from app.contacts.consent.suppression import CONSENT_COLUMN
from app.contacts.importing.matching import Aim
from app.contacts.importing.statements import WholeInsert
from app.core import clock, events
from app.core.access import Actor
from app.core.ids import uuid7

_OWN = ("id", "contact_id")
_SAME = tuple(column.name for column in ConsentEvent.__table__.columns if column.name not in _OWN)
_COLUMNS = (*_OWN, *_SAME)
_log = WholeInsert(ConsentEvent, _COLUMNS)


class Said(NamedTuple):
    """What a row of the file says of a contact. `states`: consent column -> its new state."""

    contact_id: UUID
    phone_key: str | None
    email: str | None
    states: dict[str, str]
    is_denied: bool  # by the file itself, not because of an earlier no


class Voice:
    """Writes down what the rows of one file say. `filename` is the proof of a no."""

    def __init__(self, aim: Aim, actor: Actor, filename: str, zone: ZoneInfo) -> None:
        self._aim = aim
        self._actor = actor
        consent = aim.plan.consent
        self._given: dict[tuple[Channel, str], Given] = {}
        for channel in Channel:
            self._given[channel, Consent.GRANTED] = Given(
                channel,
                Consent.GRANTED,
                ConsentSource.IMPORT,
                basis=consent.basis,
                detail=consent.detail,
                text_version=consent.text_version,
                at=min(datetime.combine(consent.on, time(), zone).astimezone(UTC), clock.now()) if consent.on else None,
            )
            self._given[channel, Consent.DENIED] = Given(
                channel, Consent.DENIED, ConsentSource.IMPORT, detail=filename[:255]
            )

    def write(self, connection: Connection, all_said: Iterable[Said]) -> None:
        rows: list[tuple[Any, ...]] = []
        same = {key: self._same(given) for key, given in self._given.items()}
        denied: list[tuple[Channel, Said]] = []
        for said in all_said:
            for channel, column in CONSENT_COLUMN.items():
                state = said.states.get(column)
                if state == Consent.DENIED and said.is_denied:
                    denied.append((channel, said))
                elif state != Consent.GRANTED:
                    continue
                rows.append((uuid7(), said.contact_id, *same[channel, state]))
        _log.many(connection, rows)
        for channel in Channel:
            self._suppress(connection, channel, [said for one, said in denied if one == channel])

    def _same(self, given: Given) -> tuple[Any, ...]:
        """What the entries of one part have in common."""
        values = event_values(self._actor, self._aim.account_id, self._aim.import_id, given)
        return tuple(values[name] for name in _SAME)

    def _suppress(self, connection: Connection, channel: Channel, some: list[Said]) -> None:
        """WhatsApp's no is the phone's, e-mail's the address's, and that of everybody who shares it."""
        if not some:
            return
        account_id, given = self._aim.account_id, self._given[channel, Consent.DENIED]
        kind = "phone" if channel == Channel.WHATSAPP else "email"
        known = [(said.phone_key if kind == "phone" else said.email) for said in some]
        hashes = [suppression.hash_of(self._aim.key, kind, value) for value in known if value]
        suppression.add(connection, account_id, hashes, Suppressed.OPTED_OUT, channel)
        for said in some:
            events.emit(connection, "contact.opted_out", account_id, opted_out(said.contact_id, given))
            if channel == Channel.EMAIL and said.email:
                spreading.follow(connection, account_id, said.email, deny_other(account_id, given))
