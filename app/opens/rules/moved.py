"""Opens get another class: their rows, the rows of their ids and all figures, in one write transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from app.opens.mailings.opened import has_lists
from app.opens.models import Open, OpenedId
from app.opens.rollups import Counted, shift
from app.opens.rules import mailed
from app.opens.rules.classify import Verdict
from app.opens.rules.judged_again import Key
from app.opens.rules.siblings import ROWS, ChangedId, Sibling, Siblings

FEW = 20  # viewings of an id, of which all are read at once


class Verdicts(NamedTuple):
    """New verdicts by the key of their open, all of one account: those of the class that it has, and those of
    another."""

    relabelled: dict[Key, Verdict]
    moved: dict[Key, Verdict]


def give(connection: Connection, account_id: UUID, verdicts: Verdicts) -> int:
    """Gives opens their verdicts, and keeps all figures. Answers how many there were. What was purged is not known any
    more: an id whose first open was keeps its `first_at`."""
    standings: dict[str, ChangedId] = {}
    if verdicts.moved:  # the ids first, in order, then any open: as the recorder locks them
        standings = _standings(connection, account_id, _refs(connection, account_id, verdicts.moved))
    if verdicts.relabelled:
        rows = [_new_label(key, verdict) for key, verdict in verdicts.relabelled.items()]
        connection.execute(_SET_LABEL, rows)
    if verdicts.moved:
        opens = {one.id: one for one in _opens(connection, account_id, verdicts.moved)}
        _Part(connection, account_id, standings, opens).move(verdicts.moved)
    return len(verdicts.relabelled) + len(verdicts.moved)


class _Part:
    def __init__(
        self, connection: Connection, account_id: UUID, standings: Mapping[str, ChangedId], opens: dict[UUID, Sibling]
    ) -> None:
        self._connection = connection
        self._account_id = account_id
        self._standings = standings
        self._opens = opens

    def move(self, verdicts: Mapping[Key, Verdict]) -> None:
        rows = [_new_label(key, verdict) for key, verdict in verdicts.items()]
        self._connection.execute(_SET_CLASS, rows)
        for (_account, _at, id_), verdict in verdicts.items():
            if id_ in self._opens:
                self._note(self._opens[id_], verdict)
        touched = [standing for standing in self._standings.values() if standing.lost or standing.gained]
        few = [standing.ref for standing in touched if standing.views + standing.automatic <= FEW]
        siblings = Siblings(self._connection, self._account_id, self._opens, few)
        for standing in touched:
            _settle_first(standing, siblings)
            _settle_last(standing, siblings)
        self._write(touched)
        if touched and has_lists(self._connection, self._account_id):
            mailed.open_again(self._connection, self._account_id, touched)

    def _note(self, one: Sibling, verdict: Verdict) -> None:
        one.new_class = verdict.open_class.value
        standing = self._standings.get(one.ref)
        if standing is None or one.was_counted == one.is_counted:
            return
        step = 1 if one.is_counted else -1
        standing.views += step
        standing.automatic -= step
        (standing.gained if one.is_counted else standing.lost).append(one)

    def _write(self, touched: Sequence[ChangedId]) -> None:
        moved = [one for one in self._opens.values() if one.is_first != one.new_first]
        if moved:
            rows = [
                {"account": self._account_id, "at": one.at, "open": one.id, "new_first": one.new_first} for one in moved
            ]
            self._connection.execute(_SET_FIRST, rows)
        if touched:
            self._connection.execute(_SET_STANDING, [self._row(standing) for standing in touched])
        changes = [(self._as_was(one), self._as_is(one)) for one in self._opens.values()]
        shift(self._connection, [(before, after) for before, after in changes if before != after])

    def _row(self, standing: ChangedId) -> dict[str, Any]:
        names = ("views", "automatic", "first_at", "last_at")
        return {"account": self._account_id, "id": standing.ref} | {
            f"new_{name}": getattr(standing, name) for name in names
        }

    def _as_was(self, one: Sibling) -> Counted:
        return self._figures(one, one.open_class, one.is_first)

    def _as_is(self, one: Sibling) -> Counted:
        return self._figures(one, one.new_class, one.new_first)

    def _figures(self, one: Sibling, open_class: str, is_first: bool) -> Counted:
        return Counted(
            self._account_id, one.at, one.image_id, open_class, one.client or "", one.device or "", one.hits,
            one.is_view, is_first,
        )  # fmt: skip


def _settle_first(standing: ChangedId, siblings: Siblings) -> None:
    """`is_first` moves to the earliest counted view, when that is another now."""
    earliest = min((one.at for one in standing.gained), default=None)
    first_at = standing.first_at
    is_lost = any(one.is_first or (first_at is not None and one.at <= first_at) for one in standing.lost)
    is_earlier = earliest is not None and (first_at is None or earliest < first_at)
    if not is_lost and not is_earlier:
        return
    since = min(moment for moment in (first_at, earliest) if moment is not None)
    holder = _holder(standing, siblings)
    first = siblings.first(standing.ref, since)
    if holder is not None:
        holder.new_first = False
    if first is not None:
        first.new_first = True
    standing.first_at = None if first is None else first.at


def _holder(standing: ChangedId, siblings: Siblings) -> Sibling | None:
    found = next((one for one in standing.lost if one.is_first), None)
    if found is not None or standing.first_at is None:
        return found
    return siblings.holder(standing.ref, standing.first_at)


def _settle_last(standing: ChangedId, siblings: Siblings) -> None:
    latest = max((one.at for one in standing.gained), default=None)
    last_at = standing.last_at
    if latest is not None and (last_at is None or latest > last_at):
        standing.last_at = latest
    elif last_at is not None and any(one.at >= last_at for one in standing.lost):
        last = siblings.last(standing.ref, max(one.at for one in standing.lost))
        standing.last_at = standing.first_at if last is None else last.at


def _refs(connection: Connection, account_id: UUID, keys: Mapping[Key, Verdict]) -> list[str]:
    return sorted(set(connection.scalars(_within(select(Open.ref), account_id, keys))))


def _standings(connection: Connection, account_id: UUID, refs: Sequence[str]) -> dict[str, ChangedId]:
    rows = connection.execute(
        select(OpenedId.ref, OpenedId.views, OpenedId.automatic, OpenedId.first_at, OpenedId.last_at, OpenedId.awaited)
        .where(OpenedId.account_id == account_id, OpenedId.ref.in_(refs))
        .order_by(OpenedId.ref)
        .with_for_update()
    )
    return {row.ref: ChangedId(*row) for row in rows}


def _opens(connection: Connection, account_id: UUID, keys: Mapping[Key, Verdict]) -> list[Sibling]:
    rows = connection.execute(_within(ROWS, account_id, keys).order_by(Open.created_at, Open.id).with_for_update())
    return [Sibling(*row) for row in rows]


def _within(found: Any, account_id: UUID, keys: Mapping[Key, Verdict]) -> Any:
    """The rows of these keys. By their span of time: SQLite would try each time of a list with each id."""
    times = [key[1] for key in keys]
    span = Open.created_at.between(min(times), max(times))
    return found.where(Open.account_id == account_id, span, Open.id.in_([key[2] for key in keys]))


def _new_label(key: Key, verdict: Verdict) -> dict[str, Any]:
    values = {"new_class": verdict.open_class.value, "new_reason": verdict.reason, "new_version": verdict.version}
    return {"account": key[0], "at": key[1], "open": key[2], **values}


_THIS = (
    (Open.account_id == bindparam("account")) & (Open.created_at == bindparam("at")) & (Open.id == bindparam("open"))
)
_SET_CLASS = (
    update(Open)
    .where(_THIS)
    .values(open_class=bindparam("new_class"), reason=bindparam("new_reason"), rule_version=bindparam("new_version"))
)
_SET_LABEL = _SET_CLASS.where(Open.open_class == bindparam("new_class"))  # it may have moved since it was looked at
_SET_FIRST = update(Open).where(_THIS).values(is_first=bindparam("new_first"))
_SET_STANDING = (
    update(OpenedId)
    .where(OpenedId.account_id == bindparam("account"), OpenedId.ref == bindparam("id"))
    .values(
        views=bindparam("new_views"),
        automatic=bindparam("new_automatic"),
        first_at=bindparam("new_first_at"),
        last_at=bindparam("new_last_at"),
    )
)
