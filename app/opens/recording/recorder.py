"""Writing loads in the group commit: opens folded into viewings, the row of each id, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, exists, select

from app.core import config_version, metrics
from app.core.bulk import BulkInsert
from app.core.db import after_commit, by_account
from app.core.ids import created_at
from app.core.periods import HOUR
from app.core.rollup import hour_of
from app.opens.mailings import opened
from app.opens.models import COUNTED, Open
from app.opens.recording import misses, news
from app.opens.recording.judge import Load, judge
from app.opens.recording.library import Library, load_image
from app.opens.recording.shelf import Shelf, Standing, Stored
from app.opens.recording.strangers import KnownAgent, Strangers
from app.opens.rollups import Sums

BURST = 200  # rows that one id leaves in an hour; what is beyond adds to the hits of the latest one


class OpenRecorder:
    """The recorder of one process's writer."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._version = -1
        self._strangers = Strangers()
        self._files = misses.Files()

    def record(self, connection: Connection, items: Sequence[Any]) -> None:
        loads = [load for load in items if not load.is_given_up]
        self._check_version(connection, loads)
        late = [load for load in loads if load.is_late]
        if late:
            gone = _existing(connection, late)
            loads = [load for load in loads if load.id not in gone]
        misses.count(connection, loads, self._files)
        opens = [load for load in loads if load.verdict is not None]
        if opens:
            _Batch(connection, opens, self._strangers).write()
            after_commit(connection, "opens", partial(metrics.count, "kalitrack_opens_recorded", len(opens)))

    def _check_version(self, connection: Connection, loads: list[Load]) -> None:
        """When the configuration moved, each load is judged again by what is committed now."""
        version = config_version.current(connection)
        if version != self._version:
            self._library.clear()
            self._version = version
        for place, load in enumerate(loads):
            if load.account.version != version:
                loads[place] = self._judged_again(connection, load)

    def _judged_again(self, connection: Connection, load: Load) -> Load:
        account = self._library.load_account(connection, load.account.key)
        if account is None:  # its key is no more: what was asked under it counts as it did when it came
            return load
        again = judge(load.hit, account, load_image(connection, account.id, load.hit.file))
        if load.is_late:  # the verdict rests on the whole address, which is not kept
            again.is_late, again.misses = True, ()
            if again.verdict is not None and load.verdict is not None:
                again.verdict, again.address = load.verdict, load.address
        return again


def _existing(connection: Connection, loads: Sequence[Load]) -> set[UUID]:
    found = set()
    for account_id, ids in by_account((load.account.id, load.id) for load in loads).items():
        for id_ in ids:
            key = (Open.account_id == account_id) & (Open.created_at == created_at(id_)) & (Open.id == id_)
            if connection.scalar(select(exists().where(key))):
                found.add(id_)
    return found


class _Batch:
    """The opens of one commit. Each is placed in the order it came; then everything is written at once."""

    def __init__(self, connection: Connection, loads: Sequence[Load], strangers: Strangers) -> None:
        self._connection = connection
        self._loads = loads
        self._strangers = strangers
        self._shelf = Shelf(connection, loads)
        self._described = strangers.meet(connection, loads)
        self._sums = Sums()
        self._hour = hour_of(loads[0].at)
        self._new: list[tuple[Load, Stored, KnownAgent]] = []
        self._opened: list[tuple[UUID, str, datetime]] = []
        self._firsts: list[news.First] = []

    def write(self) -> None:
        for load in self._loads:
            self._place(load)
        converted: dict[int, Any] = {}
        _insert_opens.many(self._connection, [_row(*new) for new in self._new], converted=converted)
        self._shelf.write(converted)
        self._sums.write(self._connection)
        if self._opened:
            opened.note(self._connection, self._opened)
        if self._firsts:
            news.tell(self._connection, self._firsts)

    def _place(self, load: Load) -> None:
        key = load.key
        standing = self._shelf.standing(key)
        recent = self._shelf.recent(key, standing, load)
        same = next((one for one in recent if one.is_same(load)), None) if recent else None
        is_flooded = standing.burst >= BURST and standing.burst_hour == hour_of(load.at)
        if same is None and is_flooded and not _is_first(load, standing):
            same = self._shelf.latest(key)
        if same is not None:
            self._shelf.hit(key, same)
            self._sums.add(same.slice_key(load.account.id), 0, 0, 0, 1)
        else:
            self._add(load, standing, recent)
        if load.at > standing.last_hit_at:
            standing.last_hit_at = load.at

    def _add(self, load: Load, standing: Standing, recent: Sequence[Stored]) -> None:
        verdict = load.verdict
        assert verdict is not None
        assert load.agent_id is not None
        agent = self._described[load.agent_id]
        is_view = not any(one.is_view and one.is_viewing_of(load) for one in recent)
        counts = is_view and verdict.open_class in COUNTED
        is_first = counts and standing.first_at is None
        if not self._hour <= load.at < self._hour + HOUR:
            self._hour = hour_of(load.at)
        stored = Stored(load, agent, self._hour, is_view, is_first)
        if counts and load.account.has_lists and (is_first or standing.awaited):
            self._opened.append((load.account.id, load.hit.ref.text, load.at))
        if is_first:
            self._firsts.append((load, agent))
        standing.add(stored, counts=counts, is_automatic=is_view and not counts)
        self._shelf.put(load.key, stored)
        self._sums.add(stored.slice_key(load.account.id), is_view, 1, is_first, 1)
        self._new.append((load, stored, agent))


def _is_first(load: Load, standing: Standing) -> bool:
    """A flood of machines must not hide that a person opened it."""
    return standing.first_at is None and load.verdict is not None and load.verdict.open_class in COUNTED


_COLUMNS = (
    "account_id", "created_at", "id", "ref", "file", "image_id", "agent_id", "address", "referer", "class", "reason",
    "rule_version", "client", "device", "hits", "is_view", "is_first", "is_cut", "is_signed",
)  # fmt: skip
_insert_opens = BulkInsert(Open, _COLUMNS)


def _row(load: Load, stored: Stored, agent: KnownAgent) -> tuple[Any, ...]:
    hit = load.hit
    open_class, reason, version = load.verdict  # type: ignore[misc]  # an open has one
    return (
        load.account.id, hit.at, hit.id, hit.ref.text, hit.file, load.image_id, stored.agent_id, load.address,
        hit.referer, open_class, reason, version, agent.client, agent.device, stored.hits, stored.is_view,
        stored.is_first, hit.ref.is_cut, load.is_signed,
    )  # fmt: skip
