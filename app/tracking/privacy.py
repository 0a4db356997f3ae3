"""What events tell of a person: found by the hashes that each platform's adapter makes of a phone and an address."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.contacts.identity import other_form
from app.core import clock, privacy
from app.core.privacy import Begin, Counts, Held, Holder, How, Recipient, Subject
from app.core.runtime import runtime
from app.core.settings import Settings
from app.destinations import registry
from app.destinations.base import Person
from app.outbound import privacy as owed
from app.tracking import privacy_log
from app.tracking.log_paths import PREFIX
from app.tracking.models import TrackedEvent

PART = 100  # events of one transaction, with their deliveries and attempts
SETTLED_S = 120.0  # by then what a worker had in hand is sent, or its lease is over
LOOK_S = 0.5
# What stays says what happened and names nobody: no ids of the shop's, pages, searches or clicks, which lead to one.
STAYS = frozenset(
    {"action_source", "content_category", "content_type", "currency", "limited_data_use", "num_items", "pixel_id",
     "shipping", "tax", "test", "value"}
)  # fmt: skip
SHOWN = ("created_at", "event_name", "event_id", "event_time", "platform", "pixel_id", "click_id", "value", "currency",
         "identity", "fields")  # fmt: skip


class EventHolder(Holder):
    key = "events"
    title = _l("Conversion events")

    def find(self, session: Session, account_id: UUID, subject: Subject) -> list[Held]:
        counts: Counts = {"tracked_event": 0, "delivery": 0, "attempt": 0, "owed": 0}
        for part in _parts(session, account_id, _hashes_of(session, account_id, subject)):
            counts["tracked_event"] += len(part)
            for table, number in owed.count(session, account_id, [event.id for event in part]).items():
                counts[table] += number
            if counts["tracked_event"] >= privacy.MOST_COUNTED:
                break
        if not counts["tracked_event"]:
            return []
        stays = _l("Stay as facts without a person: kind, value and time. Figures stay.")
        return [
            Held("tracked_event", _l("Events with the hash of the phone or e-mail"), counts["tracked_event"], stays),
            Held("delivery", _l("Deliveries to platforms"), counts["delivery"], _l("Their answers are emptied.")),
            Held("delivery", _l("Of these, waiting or given up"), counts["owed"], _l("Are never sent.")),
            Held("attempt", _l("Attempts"), counts["attempt"], _l("Their answers are emptied.")),
        ]

    def export(self, session: Session, account_id: UUID, subject: Subject) -> Iterator[privacy.Row]:
        for part in _parts(session, account_id, _hashes_of(session, account_id, subject)):
            for event in part:
                yield (
                    "tracked_event",
                    {"request_id": _request_id(event.id), **{name: getattr(event, name) for name in SHOWN}},
                )

    def shared(self, session: Session, account_id: UUID, subject: Subject) -> list[Recipient]:
        found: dict[UUID, Recipient] = {}
        for part in _parts(session, account_id, _hashes_of(session, account_id, subject)):
            for id_, one in owed.recipients(session, account_id, [event.id for event in part]):
                found[id_] = one if id_ not in found else _together(found[id_], one)
        return list(found.values())

    def erase(self, begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
        """Anonymises either way: figures are sums over the rows, and without these would no longer agree with the log.
        Waits for what a worker has in hand, whose answer is still to be written."""
        counts: Counts = {"tracked_event": 0, "delivery": 0, "attempt": 0, "log_line": 0}
        with begin() as connection:
            hashes = _hashes_of(connection, account_id, subject)
        ends_at = clock.monotonic() + SETTLED_S
        while True:
            patience = clock.monotonic() < ends_at
            waiting = _erase_free(begin, account_id, hashes, patience, counts)
            if not waiting:
                return {table: number for table, number in counts.items() if number}
            time.sleep(LOOK_S)


def _erase_free(begin: Begin, account_id: UUID, hashes: set[str], patience: bool, counts: Counts) -> int:
    """Erases what nobody is sending; returns how many events are left."""
    after, left = UUID(int=0), 0
    while hashes:
        with begin() as connection:
            now = clock.now()
            events = _some(connection, account_id, hashes, after)
            busy = owed.in_hand(connection, account_id, [event.id for event in events], now) if patience else set()
            free = [event for event in events if event.id not in busy]
            if free:
                ids = [event.id for event in free]
                _add(counts, owed.forget(connection, account_id, ids, now))
                connection.execute(_EMPTY, [_emptied(account_id, event) for event in free])
                _add(counts, {"tracked_event": len(free)})
        _add(counts, {"log_line": _forget_lines(begin, free)})
        left += len(busy)
        if len(events) < PART:
            break
        after = events[-1].id
    return left


def _forget_lines(begin: Begin, events: list[Row[Any]]) -> int:
    def say() -> None:
        """That whoever does this lives."""
        with begin():
            pass

    since = min((event.created_at for event in events), default=None)
    ids = {_request_id(event.id) for event in events}
    return privacy_log.forget(runtime().settings, ids, since, say) if since is not None else 0


def _together(one: Recipient, other: Recipient) -> Recipient:
    times = [at for at in (one.last_at, other.last_at) if at is not None]
    return Recipient(one.name, one.kind, one.sent + other.sent, max(times, default=None))


def _add(counts: Counts, more: Mapping[str, int]) -> None:
    for table, number in more.items():
        counts[table] += number


def _emptied(account_id: UUID, event: Row[Any]) -> dict[str, Any]:
    kept = {name: value for name, value in event.fields.items() if name in STAYS}
    return {"of": account_id, "at": event.created_at, "which": event.id, "kept": kept, "own_id": str(event.id)}


_EMPTY = (  # the id that the client app gave may be an order's; ours is unique as well
    update(TrackedEvent)
    .where(
        TrackedEvent.account_id == bindparam("of"),
        TrackedEvent.created_at == bindparam("at"),
        TrackedEvent.id == bindparam("which"),
    )
    .values(
        identity={}, em_hash=None, ph_hash=None, click_id=None, event_id=bindparam("own_id"), fields=bindparam("kept")
    )
)


def hashes(settings: Settings, subject: Subject, country: str) -> set[str]:
    """What every adapter makes of the person's phones, in both forms of Brazil's ninth digit, and addresses."""
    numbers = {form for phone in subject.phones for form in _forms(phone)}
    people = [Person(phone=number, default_country=country) for number in numbers]
    people += [Person(email=email, default_country=country) for email in subject.emails]
    made = (registry.get(key, settings).identify(person) for key in registry.KEYS for person in people)
    return {digest for identity in made for name in ("em", "ph") for digest in _texts(identity.get(name))}


def _forms(phone: str) -> Iterator[str]:
    yield phone
    if other := other_form(phone.removeprefix("+")):
        yield f"+{other}"


def _texts(value: Any) -> Iterable[str]:
    return value if isinstance(value, list) else [value] if value else []


def _hashes_of(store: Session | Connection, account_id: UUID, subject: Subject) -> set[str]:
    country = store.scalar(select(Account.country_code).where(Account.id == account_id)) or "55"
    return hashes(runtime().settings, subject, country)


def _parts(session: Session, account_id: UUID, wanted: set[str]) -> Iterator[list[Row[Any]]]:
    after = UUID(int=0)
    while wanted:
        events = _some(session, account_id, wanted, after)
        if events:
            yield events
        if len(events) < PART:
            return
        after = events[-1].id


def _some(store: Session | Connection, account_id: UUID, wanted: set[str], after: UUID) -> list[Row[Any]]:
    """The next PART events of these hashes, in the order of their ids. Asked for one column after the other: for both
    at once SQLite walks all events of the account."""
    columns = (TrackedEvent.id, *(getattr(TrackedEvent, name) for name in SHOWN))
    found: dict[UUID, Row[Any]] = {}
    for hashed in (TrackedEvent.em_hash, TrackedEvent.ph_hash):
        mine = (TrackedEvent.account_id == account_id) & hashed.in_(wanted) & (TrackedEvent.id > after)
        rows = store.execute(select(*columns).where(mine).order_by(TrackedEvent.id).limit(PART))
        found |= {row.id: row for row in rows}
    return [found[id_] for id_ in sorted(found)[:PART]]


def _request_id(id_: UUID) -> str:
    return f"{PREFIX}{id_.hex}"
