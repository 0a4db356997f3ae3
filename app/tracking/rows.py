"""Drafts as rows: of the event, its delivery and its keys. On SQLite in the form that its driver takes, made straight
from the draft, since half of the cost of an event was in converting its row a value at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import Connection

from app.core.bulk import BulkInsert, hex_of, time_text
from app.core.ids import created_at
from app.core.rollup import hour_of
from app.outbound.models import Delivery, ErrorClass, Status
from app.tracking.draft import Draft
from app.tracking.models import EventKey, TrackedEvent

CONSENT_DENIED = "Consent denied"
KIND = "conversion"
KEY_COLUMNS = ("account_id", "client_id", "key_hash", "event_id", "body_hash", "expires_at")
_LATER = {"repeats", "repeated_at", "edited_at"}
_insert_events = BulkInsert(
    TrackedEvent, [column.name for column in TrackedEvent.__table__.columns if column.name not in _LATER]
)
_insert_deliveries = BulkInsert(
    Delivery,
    (
        "account_id", "id", "kind", "target_id", "ref_id", "ref_at", "generation", "status", "attempts", "next_at",
        "expires_at", "waiter", "error", "detail", "created_at", "done_at",
    ),
)  # fmt: skip
store_keys = BulkInsert(
    EventKey,
    KEY_COLUMNS,
    "ON CONFLICT (account_id, client_id, key_hash) DO UPDATE SET"
    " event_id = excluded.event_id, body_hash = excluded.body_hash, expires_at = excluded.expires_at"
    " WHERE event_key.expires_at <= ?",
)


class _Forms(NamedTuple):
    """How ids, times, objects and amounts are handed to the driver."""

    id: Callable[[Any], Any]
    time: Callable[[Any], Any]
    json: Callable[[Any], Any]
    amount: Callable[[Any], Any]


def _as_it_is(value: Any) -> Any:
    return value


_IS_EMPTY = "{}"
_PLAIN = _Forms(_as_it_is, _as_it_is, _as_it_is, _as_it_is)
_SQLITE = _Forms(hex_of, time_text, lambda value: to_json(value).decode() if value else _IS_EMPTY, str)


class Moment(NamedTuple):
    """The time in an id: exact, as it is stored, and its UTC hour."""

    at: datetime
    stored: Any
    hour: datetime


class Rows:
    """The rows of one batch; what its drafts share is converted once."""

    def __init__(self, connection: Connection) -> None:
        self._forms = _SQLITE if connection.dialect.name == "sqlite" else _PLAIN
        self._ids: dict[int, Any] = {}
        self._moments: dict[int, Moment] = {}

    def insert(self, connection: Connection, drafts: list[Draft]) -> None:
        """Events and deliveries."""
        ids = [self._forms.id(draft.id) for draft in drafts]
        _insert_events.ready(connection, list(map(self._event, drafts, ids)))
        _insert_deliveries.ready(connection, list(map(self._delivery, drafts, ids)))

    def keys(self, draft: Draft) -> list[tuple[Any, ...]]:
        client, id_ = draft.client, self._forms.id(draft.id)
        account_id, client_id, time = self._shared(client.account_id), self._shared(client.id), self._forms.time
        return [(account_id, client_id, key, id_, draft.body_hash, time(expires_at)) for key, expires_at in draft.keys]

    def moment(self, draft: Draft) -> Moment:
        milliseconds = draft.id.int >> 80
        found = self._moments.get(milliseconds)
        if found is None:
            at = created_at(draft.id)
            found = self._moments[milliseconds] = Moment(at, self._forms.time(at), hour_of(at))
        return found

    def _shared(self, value: Any) -> Any:
        """An id that many drafts carry, the very same object, which lives as long as they do."""
        found = self._ids.get(id(value))
        if found is None:
            found = self._ids[id(value)] = self._forms.id(value)
        return found

    def _event(self, draft: Draft, id_: Any) -> tuple[Any, ...]:
        client, pixel, fields, identity, forms = draft.client, draft.pixel, draft.fields, draft.identity, self._forms
        value = fields.get("value")
        return (
            self._shared(client.account_id),
            self.moment(draft).stored,
            id_,
            self._shared(client.id),
            self._shared(pixel.id),
            pixel.platform,
            pixel.pixel_id,
            draft.event_name,
            draft.event_id,
            forms.time(draft.event_time),
            draft.click_id or fields.get("fbclid"),
            value if value is None else forms.amount(value),
            fields.get("currency"),
            _first(identity.get("em")),
            _first(identity.get("ph")),
            forms.json(identity),
            forms.json(fields),
        )

    def _delivery(self, draft: Draft, id_: Any) -> tuple[Any, ...]:
        """One event, one delivery: the same id saves a look-up."""
        at, denied = self.moment(draft).stored, draft.consent_denied
        return (
            self._shared(draft.client.account_id),
            id_,
            KIND,
            self._shared(draft.pixel.id),
            id_,
            at,
            0,
            _CANCELLED if denied else _PENDING,
            0,
            at,
            self._forms.time(draft.expires_at),
            draft.waiter,
            _CONSENT if denied else None,
            CONSENT_DENIED if denied else None,
            at,
            at if denied else None,
        )


_CANCELLED, _PENDING, _CONSENT = str(Status.CANCELLED), str(Status.PENDING), str(ErrorClass.CONSENT)


def _first(hashes: Any) -> str | None:
    return hashes[0] if isinstance(hashes, list) and hashes else hashes or None
