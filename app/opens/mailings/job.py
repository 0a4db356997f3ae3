"""A large change of a mailing's list, done by a worker."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, delete, select

from app.accounts import audit
from app.core import spreadsheets
from app.core.db import begin_write
from app.core.errors import NotFound, localized
from app.core.jobs import Hold, LongJob
from app.core.models import Job, JobPart
from app.opens.mailings import listing, lists, reading
from app.opens.mailings.listing import Place
from app.opens.mailings.lists import Tally, Work
from app.opens.mailings.models import Mailing
from app.opens.mailings.reading import WRONG_WORDS, Row
from app.opens.mailings.words import said

COLUMNS = (_l("Line"), _l("Text"), _l("What is wrong"))


class MailList(LongJob):
    """Goes on from the row it had reached; a part that was done and not noted is done again, which changes nothing."""

    title = _l("List of a mailing")
    permission = "mailings.edit"
    back = "mailings.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        work = Work(hold.params["work"])
        mailing_id = UUID(hold.params["mailing"])
        with self.runtime.engine.connect() as connection:
            mine = (Mailing.id == mailing_id) & (Mailing.account_id == hold.account_id)
            found = connection.execute(select(Mailing.name, Mailing.starts_at).where(mine)).first()
        if found is None:
            return {"gone": True}
        place = Place(hold.account_id, mailing_id, found.starts_at)
        at = hold.cursor or {"cleared": 0, "is_cleared": work == Work.ADD, "rows": 0, "tally": Tally().counts()}
        if not at["is_cleared"]:
            self._clear(hold, place, at)
        tally = Tally(**at["tally"])
        try:
            if hold.params["parts"]:
                self._add(hold, place, at, tally)
        except NotFound:
            return {"gone": True}
        with hold.part() as part:
            actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
            lists.conclude(part.connection, actor, place, found.name, work, tally, at["cleared"])
        return {"work": str(work), "removed": at["cleared"], **tally.counts()}

    def _clear(self, hold: Hold, place: Place, at: dict[str, Any]) -> None:
        while not at["is_cleared"]:
            with hold.part() as part:
                gone = listing.take_off(part.connection, place.account_id, place.mailing_id)
                at |= {"cleared": at["cleared"] + gone, "is_cleared": not gone}
                part.cursor = dict(at)
                if not hold.params["parts"]:
                    part.done += gone

    def _add(self, hold: Hold, place: Place, at: dict[str, Any], tally: Tally) -> None:
        content = self._content(hold)
        if content is None:  # whoever had the job before was writing the file of refused lines
            return
        rows = reading.read(content, ZoneInfo(hold.params["zone"]))
        for some in listing.parts(islice(rows, at["rows"], None)):
            before = tally.wrong
            lists.add_part(self._beginning(hold), place, some, tally)
            at |= {"rows": at["rows"] + len(some), "tally": tally.counts()}
            with hold.part() as part:
                part.cursor = dict(at)
                part.skipped += tally.wrong - before
                part.done += len(some) - (tally.wrong - before)
        if tally.wrong:
            self._write_refused(hold, reading.read(content, ZoneInfo(hold.params["zone"])))
        else:
            with hold.part() as part:
                part.connection.execute(delete(JobPart).where(JobPart.job_id == hold.job_id))

    def _beginning(self, hold: Hold) -> lists.Begin:
        @contextmanager
        def begin() -> Iterator[Connection]:
            with begin_write(self.runtime.engine) as connection:
                yield connection

        return begin

    def _content(self, hold: Hold) -> bytes | None:
        with self.runtime.engine.connect() as connection:
            found = select(JobPart.content).where(JobPart.job_id == hold.job_id).order_by(JobPart.number)
            packed = connection.scalars(found).all()
        try:
            return zlib.decompressobj().decompress(b"".join(packed), reading.MAX_BYTES) if packed else None
        except zlib.error:
            return None

    def _write_refused(self, hold: Hold, rows: Iterator[Row]) -> None:
        language = hold.params["language"]
        with force_locale(language):
            name = _("refused-lines")
        with (
            force_locale(language),
            hold.file(f"{name}.csv", spreadsheets.Csv.content_type) as out,
            spreadsheets.table("csv", out, COLUMNS, language) as table,
        ):
            for row in rows:
                if row.wrong is not None:
                    table.add([row.line, row.shown, localized(WRONG_WORDS[row.wrong])])

    def words(self, job: Job) -> str:
        return said(job.result or {})
