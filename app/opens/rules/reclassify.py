"""History judged anew by the rules of today: a long task, or `flask reclassify-opens`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Engine, func, select

from app.core import clock
from app.core.ids import to_uuid
from app.core.jobs import Hold, LongJob
from app.core.models import Job
from app.opens.models import Open
from app.opens.rules.classify import Verdict
from app.opens.rules.judged_again import READ, Judge, Key, differing
from app.opens.rules.moved import Verdicts, give

KIND = "reclassify"
READ_AT_ONCE = 1_000  # opens
PART = 250  # of one write transaction, of opens that keep their class; one that moves costs MOVE as much
MOVE = 10
Place = tuple[datetime, UUID]  # of the last open that was looked at


@dataclass(frozen=True, slots=True)
class Look:
    """Some opens, in the order of their key, and what one write transaction each does to them: an empty one when
    nothing is to be done."""

    seen: int
    last: Place
    parts: list[Verdicts]


def _parts(found: Iterable[tuple[Key, Verdict, bool]]) -> list[Verdicts]:
    parts, room = [Verdicts({}, {})], PART
    for key, verdict, moves in found:
        room -= MOVE if moves else 1
        if room < 0:
            parts.append(Verdicts({}, {}))
            room = PART - (MOVE if moves else 1)
        (parts[-1].moved if moves else parts[-1].relabelled)[key] = verdict
    return parts


def looks(engine: Engine, account_id: UUID, until: datetime, after: Place | None = None) -> Iterator[Look]:
    """The opens of an account from before `until`, each judged outside of any write transaction."""
    judge = Judge(account_id)
    while True:
        found = READ.where(Open.account_id == account_id, Open.created_at <= until)
        if after is not None:
            at, id_ = after
            # The first half is what SQLite seeks by, where it would filter by the second alone.
            found = found.where(Open.created_at >= at, (Open.created_at > at) | (Open.id > id_))
        with engine.connect() as connection:
            judge.look(connection)
            rows = list(connection.execute(found.order_by(Open.created_at, Open.id).limit(READ_AT_ONCE)))
        if not rows:
            return
        after = rows[-1].created_at, rows[-1].id
        yield Look(len(rows), after, _parts(differing(rows, judge)))


def count(engine: Engine, account_id: UUID) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Open).where(Open.account_id == account_id)) or 0


class Reclassify(LongJob):
    """`params` are empty; the cursor holds where it is and until when it goes."""

    title = _l("Opens judged by the rules of today")
    permission = "opens.edit"
    back = "open_rules.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        cursor = hold.cursor or self._begin(hold)
        until = datetime.fromisoformat(cursor["until"])
        engine, moved = self.runtime.engine, int(cursor["moved"])
        for look in looks(engine, hold.account_id, until, _place(cursor)):
            for number, verdicts in enumerate(look.parts, 1):
                with hold.part() as part:
                    moved += give(part.connection, hold.account_id, verdicts)
                    if number == len(look.parts):
                        part.done = look.seen
                        at, id_ = look.last
                        part.cursor = cursor | {"at": at.isoformat(), "id": str(id_), "moved": moved}
        return {"moved": moved}

    def _begin(self, hold: Hold) -> dict[str, Any]:
        cursor: dict[str, Any] = {"until": clock.now().isoformat(), "moved": 0}
        total = count(self.runtime.engine, hold.account_id)
        with hold.part() as part:
            part.cursor, part.total = cursor, total
        return cursor

    def words(self, job: Job) -> str:
        moved = (job.result or {}).get("moved", 0)
        text: str = ngettext(
            "%(num)d open has another class, reason or rule version now.",
            "%(num)d opens have another class, reason or rule version now.",
            moved,
        )
        return text


def _place(cursor: Mapping[str, Any]) -> Place | None:
    id_ = to_uuid(cursor.get("id"))
    return None if id_ is None else (datetime.fromisoformat(cursor["at"]), id_)
