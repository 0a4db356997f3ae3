"""The webhooks of the demo: who was told what in the month, how that went, and who has had enough."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from app.accounts import audit
from app.core.bulk import BulkInsert
from app.core.db import begin_write, write
from app.core.ids import uuid7_at
from app.core.rollup import Rollup, hour_of
from app.core.runtime import runtime
from app.outbound import targets
from app.outbound.models import Attempt, Delivery, ErrorClass, Status
from app.outbound.tally import OPEN, Shift, Stand, shift
from app.webhooks import service
from app.webhooks.models import KIND, Webhook, WebhookHour

PART = 200
STUMBLES, REFUSALS = 0.04, 0.01  # of the calls: tried again, and refused for good
GONE = "HTTP 410"


class Cast(NamedTuple):
    name: str
    path: str
    events: tuple[str, ...]
    description: str
    is_gone: bool = False


WEBHOOKS = (
    Cast("ERP da loja", "erp", ("deal.created", "deal.won", "deal.lost"),
         "Os negócios vão para o ERP."),
    Cast("Painel de vendas", "painel", ("deal.*", "alert.raised"), "O telão da sala de vendas."),
    Cast("Planilha antiga", "planilha", ("deal.moved",), "Integração do ano passado.", is_gone=True),
)  # fmt: skip


def make_webhooks(account_id: UUID, base: str, before: datetime) -> None:
    """Before anything happens, so that they hear it. `base` is where their receivers are."""
    actor = audit.system_actor(account_id)
    for cast in WEBHOOKS:
        with write() as session:
            values = {"name": cast.name, "url": f"{base}/hooks/{cast.path}", "events": list(cast.events),
                      "description": cast.description}  # fmt: skip
            webhook, _secret = service.create(actor, values)
            webhook.created_at = webhook.updated_at = before
            session.flush()


def move_receivers(base: str) -> None:
    """To where they are this time: the platforms of a demo get a free port at each start."""
    with begin_write(runtime().engine) as connection:
        for cast in WEBHOOKS:
            url = f"{base}/hooks/{cast.path}"
            connection.execute(update(Webhook).where(Webhook.name == cast.name).values(url=url))


def settle_history(random: Random, account_id: UUID, now: datetime) -> None:
    """What the engine would have written as it told them."""
    with runtime().engine.connect() as connection:
        mine = select(Webhook.id, Webhook.name).where(Webhook.account_id == account_id)
        names = dict(connection.execute(mine).all())
        owed = select(Delivery).where(Delivery.account_id == account_id, Delivery.kind == KIND)
        rows = list(connection.execute(owed.order_by(Delivery.id)))
    gone = {id_ for id_, name in names.items() if any(cast.is_gone and cast.name == name for cast in WEBHOOKS)}
    ended_at = now - timedelta(days=9)
    for start in range(0, len(rows), PART):
        with begin_write(runtime().engine) as connection:
            _settle(connection, random, rows[start : start + PART], gone, ended_at)
    with begin_write(runtime().engine) as connection:
        for id_ in gone:
            targets.pause(connection, id_, GONE, "gone")


_add_hours = Rollup(WebhookHour)
_insert_attempts = BulkInsert(Attempt, [column.name for column in Attempt.__table__.columns])


def _settle(
    connection: Connection, random: Random, rows: Sequence[Row[Any]], gone: set[UUID], ended_at: datetime
) -> None:
    attempts: list[dict[str, Any]] = []
    for row in rows:
        tries = _tries(random, row.target_id in gone and row.ref_at >= ended_at)
        made = [_attempt(random, row, number, *one) for number, one in enumerate(tries, 1)]
        last = made[-1]
        ended = Stand(
            *_end(last["http_status"]), done_at=last["started_at"] + timedelta(milliseconds=last["duration_ms"])
        )
        if ended.status == Status.DEAD:
            last["detail"] += f" (gave up after {len(made)} attempts)"
        connection.execute(
            update(Delivery)
            .where(Delivery.account_id == row.account_id, Delivery.id == row.id)
            .values(status=ended.status, error=ended.error, done_at=ended.done_at, attempts=len(made),
                    **{name: last[name] for name in ("http_status", "outcome", "detail", "response")})
        )  # fmt: skip
        shift(connection, [Shift(row.account_id, row.target_id, row.ref_at, OPEN, ended)])
        attempts += made
    _insert_attempts(connection, attempts)
    _add_hours(connection, _hours(attempts))


def _hours(attempts: Sequence[dict[str, Any]]) -> dict[tuple[UUID, datetime, UUID], list[int]]:
    found: dict[tuple[UUID, datetime, UUID], list[int]] = {}
    for one in attempts:
        row = found.setdefault((one["account_id"], hour_of(one["started_at"]), one["target_id"]), [0, 0, 0])
        row[0 if one["outcome"] == "sent" else 1] += 1
        row[2] += one["duration_ms"]
    return found


def _tries(random: Random, is_gone: bool) -> list[tuple[int, str, float]]:
    """(status, verdict, seconds after acceptance) of each."""
    if is_gone:
        return [(410, "gone", 0.1)]
    luck = random.random()
    if luck < REFUSALS:
        return [(422, "retry", after) for after in (0.1, 1.2, 6.3, 21.5)]
    if luck < REFUSALS + STUMBLES:
        return [(503, "retry", 0.1), (200, "sent", 1.2)]
    return [(200, "sent", 0.1)]


def _end(status: int) -> tuple[str, str | None]:
    if status == 200:
        return Status.DONE, None
    return (Status.CANCELLED, ErrorClass.GONE) if status == 410 else (Status.DEAD, ErrorClass.SERVER)


def _attempt(random: Random, row: Row[Any], n: int, status: int, verdict: str, after_s: float) -> dict[str, Any]:
    started_at = row.ref_at + timedelta(seconds=after_s)
    id_ = uuid7_at(started_at, random.getrandbits(74))
    return {
        "account_id": row.account_id,
        "created_at": started_at.replace(microsecond=started_at.microsecond // 1000 * 1000),
        "id": id_,
        "delivery_id": row.id,
        "n": n,
        "started_at": started_at,
        "duration_ms": round(random.lognormvariate(4.4, 0.5)),
        "http_status": status,
        "outcome": verdict,
        "detail": None if status == 200 else f"HTTP {status}",
        "response": json.dumps({"received": True} if status == 200 else {"error": "unavailable"}),
        "target_id": row.target_id,
    }
