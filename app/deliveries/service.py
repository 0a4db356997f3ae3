"""Deliveries read back: a list newest first, one with all its attempts, dead letters by their cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text

from app.core import cursor
from app.core.db import db
from app.core.errors import Invalid, NotFound
from app.core.pagination import MAX_COUNT, Page
from app.deliveries import selection
from app.deliveries.filters import Filter, State
from app.deliveries.selection import Count, Narrowing
from app.outbound import attempts
from app.outbound.kinds import Kinds, Owed, Subject
from app.outbound.models import OPEN_STATUSES, Attempt, Delivery, DeliveryTally, Status, Target, TargetState

MAX_GROUPS = 20
ORDER = [Delivery.id.desc()]
FINAL = {Status.DONE: State.DONE, Status.DEAD: State.DEAD, Status.CANCELLED: State.CANCELLED}


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery of the list; `subject` is None when what it was about is gone."""

    delivery: Delivery
    target: Target
    state: State
    subject: Subject | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One delivery; `attempts` newest first over all its replays."""

    line: Line
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """Dead letters of one target and one class of errors, with the reason of the newest."""

    target: Target
    error: str
    number: int
    reason: str | None


def search(
    account_id: UUID, asked: Filter, kinds: Kinds, *, after: str | None = None, page: int = 1, limit: int = 50
) -> Page[Line]:
    """Newest first; `after` wins over `page`. `total` is exact up to 10,000, or where tallies know it. Raises Malformed
    for a cursor that is not ours, Invalid for a page beyond the 10,000th row."""
    connection = db.session.connection()
    last = cursor.decode(after, ORDER)[0] if after else None
    skipped = 0 if after else (page - 1) * limit
    if skipped + limit > MAX_COUNT:
        raise Invalid({"page": _l("Pages end at the 10,000th row; go on with after=.")})
    found = selection.ids_of(connection, account_id, Narrowing(asked), skipped + limit + 1, last)[skipped:]
    following = cursor.encode(ORDER, [found[limit - 1]]) if len(found) > limit else None
    total = selection.count(connection, account_id, asked, MAX_COUNT)
    rows = lines(account_id, found[:limit], kinds)
    return Page(rows, None if after else page, limit, total.number, total.more, following)


def count(account_id: UUID, asked: Filter) -> Count:
    """How many a filter means: exact up to 100,000, and further where tallies know it."""
    return selection.count(db.session.connection(), account_id, asked)


def lines(account_id: UUID, ids: Sequence[UUID], kinds: Kinds) -> list[Line]:
    """The deliveries of these ids with what they are about: one look-up a kind."""
    wanted = select(Delivery, Target).join(Target, Target.id == Delivery.target_id)
    wanted = wanted.where(Delivery.account_id == account_id, Delivery.id.in_(ids)).order_by(*ORDER)
    found = [(delivery, target) for delivery, target in db.session.execute(wanted)]
    subjects: dict[UUID, Subject] = {}
    for kind in {delivery.kind for delivery, _target in found}:
        rows = [owed_of(delivery) for delivery, _target in found if delivery.kind == kind]
        subjects |= kinds.get(kind).subjects(db.session.connection(), account_id, rows)
    return [
        Line(delivery, target, state_of(delivery.status, target.state), subjects.get(delivery.ref_id))
        for delivery, target in found
    ]


def get(account_id: UUID, id: UUID | None, kinds: Kinds) -> Detail:
    """Raises NotFound, also for another account's."""
    found = lines(account_id, [id], kinds) if id is not None else []
    if not found:
        raise NotFound
    delivery = found[0].delivery
    return Detail(found[0], attempts.newest(db.session(), account_id, [delivery.id], delivery.created_at))


def state_of(status: str, target_state: str) -> State:
    """Where a delivery stands, as people are told."""
    if status not in OPEN_STATUSES:
        return FINAL[Status(status)]
    return State.PAUSED if target_state == TargetState.PAUSED else State.OPEN


def owed_of(delivery: Delivery) -> Owed:
    return Owed(delivery.account_id, delivery.id, delivery.kind, delivery.target_id, delivery.ref_id, delivery.ref_at)


def targets(account_id: UUID) -> list[Target]:
    """All that the account's deliveries ever went to, by name."""
    return list(db.session.scalars(select(Target).where(Target.account_id == account_id).order_by(Target.label)))


def groups(account_id: UUID) -> list[Group]:
    """Dead letters by target and class of errors, the most first."""
    number = func.sum(DeliveryTally.number)
    counted = (
        select(Target, DeliveryTally.error, number)
        .join(Target, Target.id == DeliveryTally.target_id)
        .where(DeliveryTally.account_id == account_id, DeliveryTally.state == "dead")
        .group_by(Target.id, DeliveryTally.error)
        .having(number > 0)
        .order_by(number.desc(), Target.id)
        .limit(MAX_GROUPS)
    )
    return [
        Group(target, error, int(many), _reason(target.id, error))
        for target, error, many in db.session.execute(counted)
    ]


def _reason(target_id: UUID, error: str) -> str | None:
    """In words, of the newest one."""
    dead = select(Delivery.detail).where(Delivery.target_id == target_id, text("status = 'dead'"))
    return db.session.scalar(dead.where(Delivery.error == error).order_by(Delivery.id.desc()).limit(1))
