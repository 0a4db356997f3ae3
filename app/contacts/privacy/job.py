"""Erasing a person, done by a worker: every feature's rows in turn, then the request is closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.privacy import service
from app.contacts.privacy.models import RequestState
from app.contacts.privacy.words import counts_words
from app.core import privacy
from app.core.db import fold_in_the_log
from app.core.jobs import Hold, LongJob
from app.core.models import Job
from app.core.privacy import Begin, Counts, How
from app.core.vault import VaultError

DONE = {How.ANONYMISE: "anonymised", How.DELETE: "deleted"}


class ErasePerson(LongJob):
    """What hangs on others goes first and the contacts last. One that takes over does everything once more, which
    changes nothing twice; what was counted before it is kept with its part."""

    title = _l("Erasing a person")
    permission = "privacy.handle"
    back = "privacy.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        how, request_id = How(hold.params["how"]), UUID(hold.params["request"])
        with Session(self.runtime.engine) as session:
            request = service.get(session, hold.account_id, request_id)
            subject = service.opened(request)
            is_lost = subject is None and request.sealed_subject is not None
        if is_lost:
            raise VaultError("whom the request is about cannot be read")  # the job fails: nobody was erased
        if subject is None:  # whoever had the job before closed it
            return {"counts": (hold.cursor or {"counts": {}})["counts"]}
        at = hold.cursor or {"finished": [], "counts": {}}
        for holder in reversed(privacy.holders()):
            if holder.key not in at["finished"]:
                counts = holder.erase(_begin(hold), hold.account_id, subject, how)
                at = {"finished": [*at["finished"], holder.key], "counts": _sum(at["counts"], counts)}
                with hold.part() as part:
                    part.cursor, part.done = at, sum(counts.values())
        with hold.part() as part:
            actor = audit.actor_of(part.connection, hold.account_id, hold.created_by)
            service.end(part.connection, request_id, RequestState.DONE)
            service.note(part.connection, actor, request, DONE[how], {"counts": at["counts"]})
        fold_in_the_log(self.runtime.engine)
        return {"counts": at["counts"]}

    def words(self, job: Job) -> str:
        return counts_words(job.result or {})


def _begin(hold: Hold) -> Begin:
    @contextmanager
    def begin() -> Iterator[Connection]:
        with hold.part() as part:
            yield part.connection

    return begin


def _sum(counts: Counts, more: Counts) -> Counts:
    return {table: counts.get(table, 0) + more.get(table, 0) for table in (*counts, *(set(more) - set(counts)))}
