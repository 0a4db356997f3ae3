"""Replaying and cancelling many: a few at once, thousands as a job that another worker can go on with."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import clock, jobs
from app.core.access import Actor
from app.core.errors import Conflict
from app.core.i18n import number as _n
from app.core.models import Job
from app.deliveries.plan import Asked, Plan, Verb, of_params, plan
from app.deliveries.selection import ids_of
from app.outbound import repair
from app.outbound.models import Delivery

DIRECT = repair.PART  # up to so many are done in the request
ACTIONS = {Verb.REPLAY: "deliveries.replayed", Verb.CANCEL: "deliveries.cancelled"}


class CountMoved(Conflict):
    """Somebody or something else changed what the filter means since the person looked; `plan` is how it is now."""

    def __init__(self, now: Plan) -> None:
        super().__init__(
            _l("The number changed since you looked: it is %(number)s now. Confirm again.", number=now.count)
        )
        self.plan = now


@dataclass(frozen=True, slots=True)
class Step:
    """One part. `last` is where the next one goes on; None after the last."""

    done: int
    too_old: int
    left: int  # as they are, for another reason
    last: UUID | None


def step(
    connection: Connection,
    account_id: UUID,
    asked: Asked,
    confirmed_at: datetime,
    now: datetime,
    after: UUID | None = None,
) -> Step:
    """The next part, in the caller's short write transaction. What ended (or came to be) after the person confirmed is
    not met, so that a replay which dies again is not replayed for ever."""
    ids = ids_of(connection, account_id, asked.narrowed(confirmed_at), repair.PART, after)
    old = set() if asked.include_old or asked.verb is Verb.CANCEL else _too_old(connection, account_id, ids, now)
    change = repair.replay if asked.verb is Verb.REPLAY else repair.cancel
    done = len(change(connection, account_id, [id_ for id_ in ids if id_ not in old], now))
    return Step(done, len(old), len(ids) - len(old) - done, ids[-1] if len(ids) == repair.PART else None)


def _too_old(connection: Connection, account_id: UUID, ids: list[UUID], now: datetime) -> set[UUID]:
    old = select(Delivery.id).where(Delivery.account_id == account_id, Delivery.id.in_(ids))
    return set(connection.scalars(old.where(Delivery.expires_at <= now)))


def check_count(connection: Connection, account_id: UUID, asked: Asked, confirmed: int) -> Plan:
    """The plan as it is now. Raises CountMoved when that is not the number which the person confirmed."""
    now = plan(connection, account_id, asked, clock.now())
    if now.count != confirmed:
        raise CountMoved(now)
    return now


def at_once(session: Session, actor: Actor, asked: Asked, confirmed: int) -> tuple[Step, datetime]:
    """All of at most DIRECT, in the caller's write transaction, with the moment it was done at. Raises CountMoved."""
    connection, now = session.connection(), clock.now()
    check_count(connection, actor.account_id, asked, confirmed)
    done = step(connection, actor.account_id, asked, now, now)
    note(session, actor, asked, done.done)
    return done, now


def start(session: Session, actor: Actor, asked: Asked, count: int) -> UUID:
    """As a job, in the caller's write transaction; its id."""
    params = asked.to_params(clock.now())
    note(session, actor, asked, count)
    return jobs.start(
        session.connection(),
        account_id=actor.account_id,
        kind=str(asked.verb),
        params=params,
        total=count,
        created_by=actor.user_id,
    )


def note(session: Session, actor: Actor, asked: Asked, number: int) -> None:
    """For the audit: which filter, and how many it was about."""
    changes: audit.Changes = {"filter": [None, asked.filter.to_json()], "number": [None, number]}
    audit.record(session, actor, ACTIONS[asked.verb], changes=changes)


class Bulk(jobs.LongJob):
    """The walk that both jobs make."""

    back = "deliveries.index"

    def run(self, hold: jobs.Hold) -> dict[str, Any]:
        asked, confirmed_at = of_params(hold.params)
        is_over = bool(hold.cursor and hold.cursor["after"] is None)
        while not is_over:
            with hold.part() as part:
                before = part.cursor or {"after": None, "tooOld": 0}
                after = UUID(before["after"]) if before["after"] else None
                made = step(part.connection, hold.account_id, asked, confirmed_at, clock.now(), after)
                part.done += made.done
                part.skipped += made.too_old + made.left
                too_old = before["tooOld"] + made.too_old
                part.cursor = {"after": None if made.last is None else str(made.last), "tooOld": too_old}
            is_over = made.last is None
        return {"tooOld": (hold.cursor or {}).get("tooOld", 0)}

    def words(self, job: Job) -> str:
        said = [self.counted(job.done)]
        too_old = (job.result or {}).get("tooOld", 0)
        left = job.skipped - too_old
        if too_old:
            old = _n(too_old)
            said.append(
                ngettext("%(number)s was too old for its platform.", "%(number)s were too old.", too_old, number=old)
            )
        if left:
            kept = _n(left)
            said.append(
                ngettext("%(number)s was left as it is.", "%(number)s were left as they are.", left, number=kept)
            )
        return " ".join(said)

    @abstractmethod
    def counted(self, done: int) -> str:
        """What was done to so many, in words."""


class Replay(Bulk):
    title = _l("Sending deliveries again")
    permission: ClassVar[str] = "deliveries.replay"

    def counted(self, done: int) -> str:
        return replayed_words(done)


class Cancel(Bulk):
    title = _l("Cancelling deliveries")
    permission: ClassVar[str] = "deliveries.cancel"

    def counted(self, done: int) -> str:
        return cancelled_words(done)


def replayed_words(done: int) -> str:
    if not done:
        return str(_("Nothing was sent again."))
    words = ngettext(
        "%(number)s delivery goes out again.", "%(number)s deliveries go out again.", done, number=_n(done)
    )
    return str(words)


def cancelled_words(done: int) -> str:
    if not done:
        return str(_("Nothing was cancelled."))
    words = ngettext("%(number)s delivery cancelled.", "%(number)s deliveries cancelled.", done, number=_n(done))
    return str(words)
