"""Opens made up and stored as the recorder stores them, with their figures: what readers are checked against."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from app.core.db import begin_write
from app.core.ids import created_at, uuid7_at
from app.core.rollup import hour_of
from app.opens.models import COUNTED, NO_IMAGE, Open, OpenedId, UserAgent
from app.opens.rollups import Counted, shift
from app.opens.rules.agents import agent_id

IMAGES = (NO_IMAGE, UUID(int=11), UUID(int=12))
REASONS = {"human": "no_rule", "image_proxy": "gmail_proxy", "prefetch": "apple_mpp", "bot": "crawler:Googlebot"}
SEEN = ((None, None), ("Gmail", "unknown"), ("Apple Mail", "phone"), ("Thunderbird", "computer"))
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Thunderbird/128.0"


def made(account_id: UUID, at: datetime, ref: str = "FAT001", **fields: Any) -> dict[str, Any]:
    """A row; `kind` is its class. `is_first` is set when it is stored."""
    id_ = fields.pop("id", None) or uuid7_at(at, random.getrandbits(74))
    kind = fields.pop("kind", "human")
    agent = fields.pop("agent", AGENT)
    return {
        "account_id": account_id, "created_at": created_at(id_), "id": id_, "ref": ref, "file": "logo.png",
        "image_id": NO_IMAGE, "agent": agent, "agent_id": agent_id(agent), "address": "203.0.113.0",
        "referer": None, "class": kind, "reason": REASONS[kind], "rule_version": "1.0", "client": None, "device": None,
        "hits": 1, "is_view": True, "is_first": False, "is_cut": False, "is_signed": False, **fields,
    }  # fmt: skip


def random_rows(account_id: UUID, start: datetime, end: datetime, count: int, seed: int = 7) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    span = (end - start) // timedelta(milliseconds=1)
    rows = []
    for _number in range(count):
        at = start + timedelta(milliseconds=chance.randrange(span))
        client, device = chance.choice(SEEN)
        rows.append(
            made(
                account_id,
                at,
                f"FAT{chance.randrange(1 + count // 3)}",
                kind=chance.choices(list(REASONS), (6, 4, 2, 1))[0],
                image_id=chance.choice(IMAGES),
                client=client,
                device=device,
                hits=chance.choice((1, 1, 1, 2, 5)),
                is_view=chance.random() < 0.8,
            )
        )
    return rows


def store(engine: Any, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Writes opens, agents, ids and figures; returns the rows, oldest first, as they are stored."""
    rows = sorted(rows, key=lambda row: (row["created_at"], row["id"]))
    with begin_write(engine) as connection:
        opened: set[Any] = set(
            connection.execute(select(OpenedId.account_id, OpenedId.ref).where(OpenedId.first_at.is_not(None)))
        )
        for row in rows:
            key = (row["account_id"], row["ref"])
            if counts(row) and key not in opened:
                opened.add(key)
                row["is_first"] = True
        _write(connection, rows)
    return rows


def _write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    known = set(connection.scalars(select(UserAgent.id)))
    agents = {row["agent_id"]: row["agent"] for row in rows if row["agent_id"] not in known}
    if agents:
        new = [{"id": id_, "text": text, "first_seen_at": rows[0]["created_at"]} for id_, text in agents.items()]
        connection.execute(insert(UserAgent), new)
    table: Any = Open.__table__
    connection.execute(insert(table), [{k: v for k, v in row.items() if k != "agent"} for row in rows])
    shift(connection, [(None, counted(row)) for row in rows])
    connection.execute(insert(OpenedId), [standing(group) for group in _by_id(rows)])


def _by_id(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["account_id"], row["ref"]), []).append(row)
    return list(found.values())


def standing(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    views = [row["created_at"] for row in rows if counts(row)]
    return {
        "account_id": rows[0]["account_id"],
        "ref": rows[0]["ref"],
        "views": len(views),
        "automatic": sum(row["is_view"] and row["class"] not in COUNTED for row in rows),
        "first_at": min(views, default=None),
        "last_at": max(views, default=None),
        "last_hit_at": rows[-1]["created_at"],
        "burst_hour": hour_of(rows[-1]["created_at"]),
        "burst": 1,
        "awaited": False,
    }


def counts(row: dict[str, Any]) -> bool:
    return bool(row["is_view"] and row["class"] in COUNTED)


def counted(row: dict[str, Any]) -> Counted:
    return Counted(
        row["account_id"], row["created_at"], row["image_id"], row["class"], row["client"] or "", row["device"] or "",
        row["hits"], row["is_view"], row["is_first"],
    )  # fmt: skip
