"""User agents as the writer meets them: kept once, and remembered with what was found out about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import after_commit
from app.opens.models import UserAgent
from app.opens.recording.judge import Load
from app.opens.rules.agents import agent_id

MAX_KNOWN = 20_000
MAX_NEW_A_DAY = 2_000  # of one process: a flood of made-up ones costs bounded space
OTHER = "(one of too many user agents)"
DAY_S = 86_400.0
LOOK_S = 1.0  # how often it is asked whether a new one was described


class KnownAgent(NamedTuple):
    """`client` and `device` are None until the ticker has described it."""

    id: UUID
    client: str | None
    device: str | None


class Strangers:
    """The user agents that one process has met."""

    def __init__(self) -> None:
        self._known: dict[UUID, KnownAgent] = {}
        self._looked_at = 0.0
        self._new = 0
        self._day_ends = 0.0

    def meet(self, connection: Connection, loads: Sequence[Load]) -> Mapping[UUID, KnownAgent]:
        """The agents of these loads, new ones written. A load beyond the day's bound is given the agent OTHER."""
        wanted = {load.agent_id: load.hit.agent for load in loads if load.agent_id is not None}
        now = clock.monotonic()
        again = now - self._looked_at >= LOOK_S
        unsure = [id_ for id_ in wanted if (one := self._known.get(id_)) is None or (again and one.client is None)]
        if not unsure:
            return self._known
        self._looked_at = now
        found = self._read(connection, unsure)
        if new := {id_: wanted[id_] for id_ in unsure if id_ not in found}:
            found |= self._add(connection, new, loads)
        after_commit(connection, "agents", lambda: self._remember(found))  # not what a failed transaction wrote
        return self._known | found

    def _read(self, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, KnownAgent]:
        found = select(UserAgent.id, UserAgent.client, UserAgent.device).where(UserAgent.id.in_(ids))
        return {row.id: KnownAgent(*row) for row in connection.execute(found)}

    def _remember(self, found: Mapping[UUID, KnownAgent]) -> None:
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        self._known.update(found)

    def _add(self, connection: Connection, new: Mapping[UUID, str], loads: Sequence[Load]) -> dict[UUID, KnownAgent]:
        taken = dict(list(new.items())[: self._room(len(new))])
        if len(taken) < len(new):
            other = agent_id(OTHER)
            taken[other] = OTHER
            for load in loads:
                if load.agent_id in new and load.agent_id not in taken:
                    load.agent_id = other
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(UserAgent)
        now = clock.now()
        rows = [{"id": id_, "text": taken[id_], "first_seen_at": now} for id_ in sorted(taken)]
        connection.execute(insert.on_conflict_do_nothing(), rows)
        return {id_: KnownAgent(id_, None, None) for id_ in taken}

    def _room(self, wanted: int) -> int:
        now = clock.monotonic()
        if now >= self._day_ends:
            self._day_ends, self._new = now + DAY_S, 0
        room = min(wanted, MAX_NEW_A_DAY - self._new)
        self._new += room
        return room
