"""Opens get another class: their rows, the rows of their ids and all figures, in one write transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from app.opens.mailings.opened import has_lists
from app.opens.models import COUNTED, Open, OpenedId
from app.opens.rollups import Counted, shift
from app.opens.rules import mailed
from app.opens.rules.classify import Verdict
from app.opens.rules.judged_again import Key

_IS_COUNTED = Open.open_class.in_(sorted(COUNTED)) & Open.is_view.is_(True)


@dataclass(slots=True)
class Stored:
    """One open as its row says, and as it will."""

    at: datetime
    id: UUID
    ref: str
    image_id: UUID
    open_class: str
    client: str | None
    device: str | None
    hits: int
    is_view: bool
    is_first: bool
    new_class: str = ""
    new_first: bool = False

    def __post_init__(self) -> None:
        self.new_class, self.new_first = self.open_class, self.is_first

    @property
    def was_counted(self) -> bool:
        return self.is_view and self.open_class in COUNTED

    @property
    def is_counted(self) -> bool:
        return self.is_view and self.new_class in COUNTED


@dataclass(slots=True)
class Standing:
    """One id: its row, and what changes of its opens in this part."""

    ref: str
    views: int
    automatic: int
    first_at: datetime | None
    last_at: datetime | None
    awaited: bool
    lost: list[Stored] = field(default_factory=list)  # counted no more
    gained: list[Stored] = field(default_factory=list)


def move(connection: Connection, account_id: UUID, verdicts: Mapping[Key, Verdict]) -> int:
    """Gives each open (by key, all of one account) its verdict, and keeps all figures. Answers how many were still
    there. What was purged is not known any more: an id whose first open was keeps its `first_at`."""
    refs = _refs(connection, account_id, verdicts)
    # First the ids, in order, then their opens: as the recorder locks them.
    standings = _standings(connection, account_id, refs)
    opens = {one.id: one for one in _opens(connection, account_id, verdicts)}
    if opens:
        _Part(connection, account_id, standings, opens).move(verdicts)
    return len(opens)


class _Part:
    def __init__(
        self, connection: Connection, account_id: UUID, standings: Mapping[str, Standing], opens: dict[UUID, Stored]
    ) -> None:
        self._connection = connection
        self._account_id = account_id
        self._standings = standings
        self._opens = opens

    def move(self, verdicts: Mapping[Key, Verdict]) -> None:
        self._connection.execute(_SET_CLASS, [_new_class(key, new) for key, new in verdicts.items()])
        for (_account, _at, id_), verdict in verdicts.items():
            if id_ in self._opens:
                self._note(self._opens[id_], verdict)
        touched = [standing for standing in self._standings.values() if standing.lost or standing.gained]
        for standing in touched:
            self._settle_first(standing)
            self._settle_last(standing)
        self._write(touched)
        if touched and has_lists(self._connection, self._account_id):
            mailed.open_again(self._connection, self._account_id, touched)

    def _note(self, one: Stored, verdict: Verdict) -> None:
        one.new_class = verdict.open_class.value
        standing = self._standings.get(one.ref)
        if standing is None or one.was_counted == one.is_counted:
            return
        step = 1 if one.is_counted else -1
        standing.views += step
        standing.automatic -= step
        (standing.gained if one.is_counted else standing.lost).append(one)

    def _settle_first(self, standing: Standing) -> None:
        """`is_first` moves to the earliest counted view, when that is another now."""
        earliest = min((one.at for one in standing.gained), default=None)
        first_at = standing.first_at
        is_lost = any(one.is_first or (first_at is not None and one.at <= first_at) for one in standing.lost)
        is_earlier = earliest is not None and (first_at is None or earliest < first_at)
        if not is_lost and not is_earlier:
            return
        holder = self._holder(standing)
        since = min(filter(None, (first_at, earliest)), default=None)
        first = self._counted(standing.ref, Open.created_at >= since, Open.created_at, Open.id)
        if holder is not None:
            holder.new_first = False
        if first is not None:
            first.new_first = True
        standing.first_at = None if first is None else first.at

    def _settle_last(self, standing: Standing) -> None:
        latest = max((one.at for one in standing.gained), default=None)
        last_at = standing.last_at
        if latest is not None and (last_at is None or latest > last_at):
            standing.last_at = latest
        elif last_at is not None and any(one.at >= last_at for one in standing.lost):
            before = Open.created_at <= max(one.at for one in standing.lost)
            last = self._counted(standing.ref, before, Open.created_at.desc(), Open.id.desc())
            standing.last_at = standing.first_at if last is None else last.at

    def _holder(self, standing: Standing) -> Stored | None:
        """The open that is the first of its id until now."""
        of_part = (one for one in (*standing.lost, *standing.gained) if one.is_first)
        found = next(of_part, None)
        if found is not None or standing.first_at is None:
            return found
        return self._one(
            standing.ref, Open.is_first.is_(True) & (Open.created_at >= standing.first_at), Open.created_at
        )

    def _counted(self, ref: str, where: ColumnElement[bool], *order: Any) -> Stored | None:
        return self._one(ref, _IS_COUNTED & where, *order)

    def _one(self, ref: str, where: ColumnElement[bool], *order: Any) -> Stored | None:
        mine = (Open.account_id == self._account_id) & (Open.ref == ref)
        row = self._connection.execute(_STORED.where(mine, where).order_by(*order).limit(1).with_for_update()).first()
        return None if row is None else self._opens.setdefault(row.id, Stored(*row))

    def _write(self, touched: Sequence[Standing]) -> None:
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

    def _row(self, standing: Standing) -> dict[str, Any]:
        names = ("views", "automatic", "first_at", "last_at")
        return {"account": self._account_id, "id": standing.ref} | {
            f"new_{name}": getattr(standing, name) for name in names
        }

    def _as_was(self, one: Stored) -> Counted:
        return self._figures(one, one.open_class, one.is_first)

    def _as_is(self, one: Stored) -> Counted:
        return self._figures(one, one.new_class, one.new_first)

    def _figures(self, one: Stored, open_class: str, is_first: bool) -> Counted:
        return Counted(
            self._account_id, one.at, one.image_id, open_class, one.client or "", one.device or "", one.hits,
            one.is_view, is_first,
        )  # fmt: skip


def _refs(connection: Connection, account_id: UUID, keys: Mapping[Key, Verdict]) -> list[str]:
    return sorted(set(connection.scalars(_within(select(Open.ref), account_id, keys))))


def _standings(connection: Connection, account_id: UUID, refs: Sequence[str]) -> dict[str, Standing]:
    rows = connection.execute(
        select(OpenedId.ref, OpenedId.views, OpenedId.automatic, OpenedId.first_at, OpenedId.last_at, OpenedId.awaited)
        .where(OpenedId.account_id == account_id, OpenedId.ref.in_(refs))
        .order_by(OpenedId.ref)
        .with_for_update()
    )
    return {row.ref: Standing(*row) for row in rows}


def _opens(connection: Connection, account_id: UUID, keys: Mapping[Key, Verdict]) -> list[Stored]:
    rows = connection.execute(_within(_STORED, account_id, keys).order_by(Open.created_at, Open.id).with_for_update())
    return [Stored(*row) for row in rows]


def _within(found: Any, account_id: UUID, keys: Mapping[Key, Verdict]) -> Any:
    """The rows of these keys. By their span of time: SQLite would try each time of a list with each id."""
    times = [key[1] for key in keys]
    span = Open.created_at.between(min(times), max(times))
    return found.where(Open.account_id == account_id, span, Open.id.in_([key[2] for key in keys]))


def _new_class(key: Key, verdict: Verdict) -> dict[str, Any]:
    values = {"new_class": verdict.open_class.value, "new_reason": verdict.reason, "new_version": verdict.version}
    return {"account": key[0], "at": key[1], "open": key[2], **values}


_STORED = select(
    Open.created_at, Open.id, Open.ref, Open.image_id, Open.open_class, Open.client, Open.device, Open.hits,
    Open.is_view, Open.is_first,
)  # fmt: skip
_THIS = (
    (Open.account_id == bindparam("account")) & (Open.created_at == bindparam("at")) & (Open.id == bindparam("open"))
)
_SET_CLASS = (
    update(Open)
    .where(_THIS)
    .values(open_class=bindparam("new_class"), reason=bindparam("new_reason"), rule_version=bindparam("new_version"))
)
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
