"""The verbs on segments, shared by pages and API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.fields.values import Wrong
from app.contacts.segments import checking
from app.contacts.segments.catalog import Known, known
from app.contacts.segments.models import Segment
from app.contacts.segments.rule import Group, Node, parse, to_json
from app.contacts.values import plain_text
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, Text
from app.core.folding import folded_name
from app.core.ids import uuid7
from app.core.pagination import Column, order_by

MAX_NAME = 80
MAX_DESCRIPTION = 500
MAX_SEGMENTS = 500  # of an account
SORTS: dict[str, Column] = {
    "name": Segment.folded_name,
    "createdAt": Segment.created_at,
    "updatedAt": Segment.updated_at,
}
TAKEN = _l("There is a segment with this name already.")
NOBODY: Node = Group(is_any=True, parts=())


@dataclass(frozen=True, slots=True)
class Told:
    """A stored rule, its conditions marked that name what is no more, and what it takes to say it."""

    node: Node
    there: Known


def search(account_id: UUID, text: str = "", sort: str | None = None) -> Select[Segment]:
    """The account's segments as a query for a page of it. Raises Invalid for an unknown order."""
    found = select(Segment).where(Segment.account_id == account_id)
    if folded := folded_name(text.replace("\0", ""))[:MAX_NAME]:
        found = found.where(Segment.folded_name.contains(folded, autoescape=True))
    return found.order_by(*order_by(sort, SORTS, "name", Segment.id))


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Segment:
    """The segment, for a change with its row locked. Raises NotFound, also for another account's."""
    wanted = select(Segment).where(Segment.account_id == account_id, Segment.id == id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    segment = db.session.scalar(wanted) if id is not None else None
    if segment is None:
        raise NotFound
    return segment


def choices(session: Session, account_id: UUID) -> list[tuple[str, str]]:
    """(id, name) of all, by name: for a filter."""
    mine = select(Segment.id, Segment.name).where(Segment.account_id == account_id)
    return [(str(id_), name) for id_, name in session.execute(mine.order_by(Segment.folded_name))]


def read_rule(session: Session, account_id: UUID, rule: Any) -> dict[str, Any]:
    """A rule as it is kept. Raises Invalid: place (`rule.all.0.value`) → words."""
    node = parse(rule)
    return to_json(checking.check(node, known(session, account_id, [node])))


def told(session: Session, account_id: UUID, rules: Sequence[Any]) -> list[Told]:
    """Stored rules as they can be said, all in a few queries."""
    nodes = [_parsed(rule) for rule in rules]
    there = known(session, account_id, nodes)
    return [Told(checking.settled(node, there), there) for node in nodes]


def _parsed(rule: Any) -> Node:
    try:
        return parse(rule)
    except Invalid:
        return NOBODY


def create(actor: Actor, values: dict[str, Any]) -> Segment:
    """A new segment. `values`: `name`, `description`, `rule`. Raises Invalid by these names, places in the rule too, or
    Conflict with the segment that has the name."""
    session = db.session()
    clean = _checked(session, actor.account_id, {"name": "", "rule": None, **values})
    _refuse_same(session, actor.account_id, clean["folded_name"])
    if len(session.scalars(select(Segment.id).where(Segment.account_id == actor.account_id)).all()) >= MAX_SEGMENTS:
        raise Invalid({"name": [_l("An account has at most %(max)d segments.", max=MAX_SEGMENTS)]})
    now = clock.now()
    segment = Segment(
        **clean,
        id=uuid7(),
        account_id=actor.account_id,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        version=1,
    )
    try:
        with session.begin_nested():
            session.add(segment)
    except IntegrityError:  # another request was quicker
        _refuse_same(session, actor.account_id, clean["folded_name"])
        raise
    first = {"name": segment.name, "description": segment.description}
    _record(actor, "segment.created", segment, {name: [None, value] for name, value in first.items() if value})
    return segment


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Segment:
    """Changes what is given of `name`, `description` and `rule`. Raises NotFound, Invalid, or Conflict with the current
    segment when `version` is not the stored one, or with the other one that has the name."""
    segment = get(actor.account_id, id, lock=True)
    if version is not None and version != segment.version:
        raise Conflict(current=segment)
    session = db.session()
    clean = _checked(session, actor.account_id, values)
    changed = {name: value for name, value in clean.items() if getattr(segment, name) != value}
    if not changed:
        return segment
    if "folded_name" in changed:
        _refuse_same(session, actor.account_id, changed["folded_name"], besides=segment)
    before = audit.values_of(segment, ("name", "description"))
    for name, value in changed.items():
        setattr(segment, name, value)
    segment.updated_at = clock.now()
    segment.version += 1
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError:
        raise Conflict(TAKEN) from None
    changes = audit.changed(before, audit.values_of(segment, ("name", "description")))
    if "rule" in changed:  # which may name people: that it changed is all that is kept
        changes["rule"] = [None, True]
    _record(actor, "segment.updated", segment, changes)
    return segment


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> None:
    """Removes the segment; nobody in it is touched."""
    segment = get(actor.account_id, id, lock=True)
    if version is not None and version != segment.version:
        raise Conflict(current=segment)
    _record(actor, "segment.deleted", segment, None)
    db.session.delete(segment)
    db.session.flush()


def _checked(session: Session, account_id: UUID, values: dict[str, Any]) -> dict[str, Any]:
    """What is given, as columns of Segment. Raises Invalid."""
    clean: dict[str, Any] = {}
    problems: dict[str, Sequence[Text]] = {}
    if "name" in values:
        clean |= _read("name", values["name"], MAX_NAME, problems)
        clean["folded_name"] = folded_name(clean.get("name", ""))[:MAX_NAME]
        if not clean["folded_name"]:
            problems.setdefault("name", [_l("A name is needed.")])
    if "description" in values:
        clean |= _read("description", values["description"], MAX_DESCRIPTION, problems)
        clean["description"] = clean.get("description") or None
    if "rule" in values:
        try:
            clean["rule"] = read_rule(session, account_id, values["rule"])
        except Invalid as error:
            problems |= error.fields
    if problems:
        raise Invalid(problems)
    return clean


def _read(name: str, value: Any, most: int, problems: dict[str, Sequence[Text]]) -> dict[str, str]:
    try:
        return {name: plain_text(value, most)}
    except Wrong as error:
        problems[name] = [error.text]
        return {}


def _refuse_same(session: Session, account_id: UUID, folded: str, besides: Segment | None = None) -> None:
    same_name = select(Segment).where(Segment.account_id == account_id, Segment.folded_name == folded)
    with session.no_autoflush:
        same = session.scalar(same_name)
    if same is not None and same is not besides:
        raise Conflict(TAKEN, current=same)


def _record(actor: Actor, action: str, segment: Segment, changes: audit.Changes | None) -> None:
    audit.record(db.session(), actor, action, subject_id=segment.id, subject=segment.name, changes=changes)
