"""Tables of any size, quickly: opens or events of a month written straight into SQLite as the recorders leave them. The
figures of opens are then counted by the product's own rebuild."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from app.accounts.models import Account, ApiClient
from app.core import clock
from app.core.db import Base
from app.core.runtime import runtime
from app.opens import rebuild
from app.opens.images.models import Image
from app.opens.models import COUNTED, Open, UserAgent
from app.opens.rules.agents import agent_id
from app.opens.rules.classify import NO_RULES, classify
from app.opens.rules.programs import describe
from app.outbound.models import Attempt, Delivery
from app.pixels.models import Pixel
from app.tracking.models import EventKey, TrackedEvent
from bench.load import AGENTS
from bench.stand import Stand

DAY_MS = 86_400_000
HOT_REF, HOT_SHARE = "FAT-HOT", 100  # one id has a hundredth of all opens
NEW_SHARE = 0.4  # of opens are the first of their id
RECENT = 2_000  # ids among which the others are
SEED = 20_261_122
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill_opens(product: Stand, count: int, days: int) -> None:
    """That many opens over the last days, by the user agents of agents.txt, of one image, with their ids and
    figures."""
    account, image, month = _ids(product, Account), _ids(product, Image), Month(count, days)
    agents = [line for line in AGENTS.read_text("utf-8").splitlines() if line]
    with closing(_open(product)) as connection, connection:
        _put(connection, UserAgent, _agents(month, agents), "OR IGNORE ")
        _put(connection, Open, _opens(month, account, image, agents))
        connection.execute(_OPENED_IDS)
    rebuild.rebuild(runtime(product.app).engine, UUID(account))


def fill_events(product: Stand, count: int, days: int) -> None:
    """That many events of the Kwai pixel over the last days, each with its key, its delivery (done) and its
    attempt."""
    account, client, target = (_ids(product, model) for model in (Account, ApiClient, Pixel))
    owners, month = {"account_id": account, "client_id": client, "target_id": target}, Month(count, days)
    with closing(_open(product)) as connection, connection:
        for model, rows in (
            (TrackedEvent, _events(month, owners)),
            (EventKey, _keys(month, owners)),
            (Delivery, _deliveries(month, owners)),
            (Attempt, _attempts(month, owners)),
        ):
            _put(connection, model, rows)


def _ids(product: Stand, model: Any) -> str:
    """The first one's, as SQLite keeps it."""
    with runtime(product.app).engine.connect() as connection:
        found: UUID = connection.execute(select(model.id).order_by(model.created_at).limit(1)).scalar_one()
    return found.hex


def _open(product: Stand) -> sqlite3.Connection:
    """Nothing of this has to survive a power cut."""
    connection = sqlite3.connect(str(runtime(product.app).engine.url.database), timeout=30)
    for pragma in ("synchronous=OFF", "cache_size=-200000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _put(
    connection: sqlite3.Connection, model: type[Base], rows: Iterable[dict[str, Any]], otherwise: str = ""
) -> None:
    """Rows of one shape."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    table: Table = model.__table__  # type: ignore[assignment]
    marks = ", ".join("?" * len(first))
    sql = f"INSERT {otherwise}INTO {table.name} ({', '.join(first)}) VALUES ({marks})"
    connection.execute(sql, tuple(first.values()))
    connection.executemany(sql, (tuple(row.values()) for row in rows))


@dataclass(frozen=True, slots=True)
class Month:
    """Days until just now, with so many rows in each table."""

    count: int
    days: int
    now_ms: int = field(default_factory=lambda: (clock.now() - EPOCH) // timedelta(milliseconds=1))

    def moments(self, kind: int = 0) -> Iterator[tuple[str, str]]:
        """An id and the time in it for each row; the same ones again for the same `kind`."""
        length_ms = self.days * DAY_MS
        for number in range(self.count):
            ms = self.now_ms - length_ms + (number + 1) * length_ms // (self.count + 1)
            yield f"{ms:012x}7{number & 0xFFF:03x}8{kind:x}{number:014x}", text_of(ms)


EVENT, DELIVERY, ATTEMPT = range(3)  # kinds of ids


def text_of(ms: int) -> str:
    """As SQLite keeps a time."""
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(" ", "microseconds")[:-6]


# -- opens ------------------------------------------------------------------------------------------------------------


def _agents(month: Month, agents: list[str]) -> Iterator[dict[str, Any]]:
    seen_at = text_of(month.now_ms)
    for text in agents:
        yield {"id": agent_id(text).hex, "text": text, **describe(text)._asdict(), "first_seen_at": seen_at}


def _opens(month: Month, account: str, image: str, agents: list[str]) -> Iterator[dict[str, Any]]:
    random = Random(SEED)
    loads = cycle([_load(text) for text in agents])
    recent: list[str] = []
    opened: set[str] = set()
    for number, (id_, at) in enumerate(month.moments()):
        ref = _ref(random, recent, number)
        load = next(loads)
        is_first = load["class"] in COUNTED and ref not in opened
        if is_first:
            opened.add(ref)
        yield {
            "account_id": account, "created_at": at, "id": id_, "ref": ref, "file": "logo.png", "image_id": image,
            "address": "203.0.113.0", "referer": None, **load, "hits": 1, "is_view": 1, "is_first": int(is_first),
            "is_cut": 0, "is_signed": 0,
        }  # fmt: skip


def _load(text: str) -> dict[str, Any]:
    open_class, reason, version = classify(text, None, False, NO_RULES)
    client, _system, device = describe(text)
    kept = {"class": str(open_class), "reason": reason, "rule_version": version}
    return {"agent_id": agent_id(text).hex, **kept, "client": client, "device": device}


def _ref(random: Random, recent: list[str], number: int) -> str:
    if number % HOT_SHARE == 0:
        return HOT_REF
    if recent and random.random() > NEW_SHARE:
        return recent[random.randrange(len(recent))]
    ref = f"FAT{number:09}"
    if len(recent) < RECENT:
        recent.append(ref)
    else:
        recent[number % RECENT] = ref
    return ref


_IS_COUNTED = f"class IN ({', '.join(repr(str(each)) for each in sorted(COUNTED))})"
_OPENED_IDS = f"""
    INSERT INTO opened_id
           (account_id, ref, views, automatic, first_at, last_at, last_hit_at, burst_hour, burst, awaited)
    SELECT account_id, ref, sum({_IS_COUNTED}), sum(NOT {_IS_COUNTED}),
           min(CASE WHEN {_IS_COUNTED} THEN created_at END), max(CASE WHEN {_IS_COUNTED} THEN created_at END),
           max(created_at), substr(max(created_at), 1, 13) || ':00:00.000000', 1, 0
    FROM email_open GROUP BY account_id, ref
"""


# -- events -----------------------------------------------------------------------------------------------------------


def _events(month: Month, owners: dict[str, str]) -> Iterator[dict[str, Any]]:
    for number, (id_, at) in enumerate(month.moments(EVENT)):
        yield {
            **owners, "created_at": at, "id": id_, "platform": "kwai", "pixel_id": "290714800540320",
            "event_name": "EVENT_COMPLETE_REGISTRATION", "event_id": f"filled-{number}", "event_time": at,
            "click_id": f"click-{number}", "value": "0", "currency": "BRL", "identity": "{}",
            "fields": '{"content_id":"user_123","content_type":"user","content_name":"Registration"}', "repeats": 0,
        }  # fmt: skip


def _keys(month: Month, owners: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Their hashes are spread as those of a true hash are: what is next to insert may lie anywhere."""
    random = Random(SEED)
    until = text_of(month.now_ms + 2 * DAY_MS)
    account, client = owners["account_id"], owners["client_id"]
    for id_, _at in month.moments(EVENT):
        key = f"{random.getrandbits(256):064x}"
        yield {
            "account_id": account, "client_id": client, "key_hash": key, "event_id": id_, "body_hash": key[::-1],
            "expires_at": until,
        }  # fmt: skip


def _deliveries(month: Month, owners: dict[str, str]) -> Iterator[dict[str, Any]]:
    for (id_, at), (event, _at) in zip(month.moments(DELIVERY), month.moments(EVENT), strict=True):
        yield {
            "account_id": owners["account_id"], "id": id_, "kind": "conversion", "target_id": owners["target_id"],
            "ref_id": event, "ref_at": at, "generation": 0, "status": "done", "attempts": 1, "next_at": at,
            "http_status": 200, "outcome": "sent", "response": '{"result":1}', "created_at": at, "done_at": at,
        }  # fmt: skip


def _attempts(month: Month, owners: dict[str, str]) -> Iterator[dict[str, Any]]:
    for (id_, at), (delivery, _at) in zip(month.moments(ATTEMPT), month.moments(DELIVERY), strict=True):
        yield {
            "account_id": owners["account_id"], "created_at": at, "id": id_, "delivery_id": delivery, "n": 1,
            "started_at": at, "duration_ms": 52, "http_status": 200, "outcome": "sent", "response": '{"result":1}',
        }  # fmt: skip
