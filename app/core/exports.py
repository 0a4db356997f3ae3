"""Tables that people take along: in the answer while they are small, made by a worker when they are not."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any, Generic, NamedTuple, Protocol, TypeVar

from flask import Response, send_file
from flask_babel import force_locale
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.core import spreadsheets
from app.core.jobs import Hold, LongJob
from app.core.spreadsheets import Cell, Out

AT_ONCE = 1_000  # rows of an answer, a quarter of a second of our thread; more go to a worker
PART = 500  # rows of one read
LOOK_S = 2.0  # for finding out how many there are
IN_MEMORY = 1_000_000  # bytes of a file before it goes to the disk
Rows = list[list[Cell]]


class Order(Protocol):
    """What somebody wants as a file: `suffix` is a format of `core.spreadsheets`."""

    @property
    def suffix(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def filename(self) -> str: ...


OrderT = TypeVar("OrderT", bound=Order)


class Written(NamedTuple):
    """How many rows, and whether there were more than the format takes."""

    rows: int
    is_cut: bool


def write_table(
    order: Order,
    columns: Sequence[Any],
    parts: Iterable[Rows],
    out: Out,
    done: Callable[[int], None] = lambda _rows: None,
) -> Written:
    """Writes the whole file, part by part; `done` is told of the rows of each. A part is read before it is written, so
    that no read is open meanwhile: whoever makes `parts` ends its own."""
    rows = 0
    with force_locale(order.language), spreadsheets.table(order.suffix, out, columns, order.language) as table:
        for part in parts:
            fitting = part if table.max_rows is None else part[: table.max_rows - rows]
            for row in fitting:
                table.add(row)
            rows += len(fitting)
            done(len(fitting))
            if len(fitting) < len(part):
                return Written(rows, True)
    return Written(rows, False)


def new_file() -> IO[bytes]:
    """For `sent`, which closes it with the answer."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY)


def sent(order: Order, out: IO[bytes]) -> Response:
    """The finished file as an answer."""
    out.seek(0)
    kind = spreadsheets.KINDS[order.suffix]
    response = send_file(out, mimetype=kind.content_type, as_attachment=True, download_name=order.filename)
    response.content_type = kind.content_type  # Flask would name the charset once more
    response.headers["Cache-Control"] = "private, no-store"
    return response


class TableExport(LongJob, Generic[OrderT]):
    """The same table, made by a worker. One that takes over begins the file anew."""

    @abstractmethod
    def order(self, hold: Hold) -> OrderT:
        """From the params of the job."""

    @abstractmethod
    def write(self, session: Session, order: OrderT, out: Out, done: Callable[[int], None]) -> Written:
        """By `write_table`."""

    @abstractmethod
    def note(self, connection: Connection, hold: Hold, order: OrderT, rows: int) -> None:
        """For the audit: who took what along."""

    def run(self, hold: Hold) -> dict[str, Any]:
        order = self.order(hold)
        if hold.cursor:
            with hold.part() as part:
                part.done, part.cursor = -hold.cursor["rows"], {"rows": 0}
        kind = spreadsheets.KINDS[order.suffix]
        with Session(self.runtime.engine) as session, hold.file(order.filename, kind.content_type) as out:
            written = self.write(session, order, out, lambda rows: _note_progress(hold, rows))
        with hold.part() as part:
            self.note(part.connection, hold, order, written.rows)
        return {"rows": written.rows, "cut": written.is_cut}


def _note_progress(hold: Hold, rows: int) -> None:
    with hold.part() as part:
        part.done, part.cursor = rows, {"rows": (hold.cursor or {"rows": 0})["rows"] + rows}
