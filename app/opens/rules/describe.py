"""New user agents are looked at once, off the request path, and the opens that wait for it are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, select, update

from app.core.db import begin_write
from app.opens.models import Open, UserAgent
from app.opens.rollups import Counted, shift
from app.opens.rules.programs import Described, describe

__all__ = ["Described", "describe", "describe_new"]

OPENS_A_PART = 250  # of one write transaction
PARTS = 40  # of one round


def describe_new(engine: Engine, limit: int = 200) -> int:
    """One round: up to `limit` new user agents, then the opens of all described agents that do not say so yet (those
    of this round, and what was written meanwhile). Answers how many agents and opens it told; 0: nothing waits.
    Safe to run twice, also at the same time. Raises SQLAlchemyError."""
    done = _describe_agents(engine, limit)
    for _part in range(PARTS):
        with engine.connect() as connection:  # most rounds have nothing to write
            if not connection.execute(_waiting(1)).first():
                break
        told = _tell_opens(engine)
        done += told
        if told < OPENS_A_PART:
            break
    return done


def _describe_agents(engine: Engine, limit: int) -> int:
    new = select(UserAgent.id, UserAgent.text).where(UserAgent.client.is_(None))
    with engine.connect() as connection:
        rows = connection.execute(new.order_by(UserAgent.first_seen_at).limit(limit)).all()
    found = [{"agent": row.id} | _values(describe(row.text)) for row in rows]
    if found:
        with begin_write(engine) as connection:
            connection.execute(_SET_AGENT, sorted(found, key=lambda one: str(one["agent"])))
    return len(found)


def _values(described: Described) -> dict[str, str]:
    return {f"new_{name}": value for name, value in described._asdict().items()}


def _waiting(limit: int) -> Any:
    """Opens without a program whose agent has one; by the partial index of the opens without."""
    return (
        select(*_KEY, *_COUNTED, UserAgent.client.label("found"), UserAgent.device.label("found_device"))
        .join(UserAgent, UserAgent.id == Open.agent_id)
        .where(Open.client.is_(None), UserAgent.client.is_not(None))
        .limit(limit)
    )


def _tell_opens(engine: Engine) -> int:
    with begin_write(engine) as connection:
        # What a writer holds just now is left for the next round: nobody waits for anybody.
        rows = connection.execute(_waiting(OPENS_A_PART).with_for_update(of=Open, skip_locked=True)).all()
        if rows:
            _tell(connection, rows)
    return len(rows)


def _tell(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    connection.execute(
        _SET_OPEN,
        [
            {"account": row.account_id, "at": row.created_at, "open": row.id}
            | {"new_client": row.found, "new_device": row.found_device or "unknown"}
            for row in rows
        ],
    )
    shift(
        connection, [(_counted(row, "", ""), _counted(row, row.found, row.found_device or "unknown")) for row in rows]
    )


def _counted(row: Row[Any], client: str, device: str) -> Counted:
    return Counted(
        row.account_id,
        row.created_at,
        row.image_id,
        row.open_class,
        client,
        device,
        row.hits,
        row.is_view,
        row.is_first,
    )


_KEY = (Open.account_id, Open.created_at, Open.id)
_COUNTED = (Open.image_id, Open.open_class.label("open_class"), Open.hits, Open.is_view, Open.is_first)
_SET_AGENT = (
    update(UserAgent)
    .where(UserAgent.id == bindparam("agent"), UserAgent.client.is_(None))
    .values(client=bindparam("new_client"), os=bindparam("new_os"), device=bindparam("new_device"))
)
_SET_OPEN = (
    update(Open)
    .where(
        Open.account_id == bindparam("account"),
        Open.created_at == bindparam("at"),
        Open.id == bindparam("open"),
    )
    .values(client=bindparam("new_client"), device=bindparam("new_device"))
)
