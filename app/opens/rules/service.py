"""The verbs on own rules and settings of opens, shared by pages and API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import audit
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7
from app.core.jobs import start
from app.core.runtime import runtime
from app.core.schema import CONTROLS
from app.opens.models import OpenClass
from app.opens.rules import patterns, settings
from app.opens.rules.models import Addresses, OpenRule, OpenSettings, RuleKind
from app.opens.rules.reclassify import KIND

MAX_RULES = 200
MAX_NOTE = 200
FOLD_S = range(0, 3601)


def rules(account_id: UUID) -> Sequence[OpenRule]:
    """In the order they are asked: networks first, each kind the oldest first."""
    found = select(OpenRule).where(OpenRule.account_id == account_id)
    return db.session.scalars(found.order_by(OpenRule.kind.desc(), OpenRule.id)).all()


def get(account_id: UUID, id: UUID | None) -> OpenRule:
    """Raises NotFound, also for another account's."""
    rule = db.session.get(OpenRule, id) if id is not None else None
    if rule is None or rule.account_id != account_id:
        raise NotFound
    return rule


def create(actor: Actor, *, kind: str, pattern: str, open_class: str, note: str = "") -> OpenRule:
    """A new rule, asked after those there are of its kind. Raises Invalid (`kind`, `pattern`, `class`, `note`), or
    Conflict when the account has it already, or has MAX_RULES."""
    wanted = _checked(kind, pattern, open_class, note)
    _next_version(actor.account_id)  # locks the settings first: two at once do not pass MAX_RULES
    counted = select(func.count()).select_from(OpenRule).where(OpenRule.account_id == actor.account_id)
    if (db.session.scalar(counted) or 0) >= MAX_RULES:
        raise Conflict(_l("An account has at most %(number)s rules of its own.", number=MAX_RULES))
    rule = OpenRule(id=uuid7(), account_id=actor.account_id, created_by=actor.user_id, created_at=clock.now(), **wanted)
    try:
        with db.session.begin_nested():
            db.session.add(rule)
    except IntegrityError:
        raise Conflict(_l("There is such a rule already. Delete it first to change its class.")) from None
    audit.record(
        db.session(), actor, "open_rule.created", subject_id=rule.id, subject=rule.pattern,
        changes={name: [None, audit.plain(value)] for name, value in wanted.items()},
    )  # fmt: skip
    return rule


def _checked(kind: str, pattern: str, open_class: str, note: str) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    if kind not in list(RuleKind):
        wrong["kind"] = _l("Choose one.")
    if open_class not in list(OpenClass):
        wrong["class"] = _l("Choose one.")
    note = " ".join(CONTROLS.sub("", note).split())
    if len(note) > MAX_NOTE:
        wrong["note"] = _l("At most %(number)s characters.", number=MAX_NOTE)
    if "kind" not in wrong:
        try:
            pattern = patterns.clean(RuleKind(kind), pattern)
        except Invalid as error:
            wrong |= error.fields
    if wrong:
        raise Invalid(fields=wrong)
    return {"kind": kind, "pattern": pattern, "open_class": open_class, "note": note}


def delete(actor: Actor, id: UUID | None) -> None:
    """Raises NotFound."""
    _next_version(actor.account_id)  # locks the settings first: of two at once, the second finds nothing
    rule = get(actor.account_id, id)
    audit.record(
        db.session(), actor, "open_rule.deleted", subject_id=rule.id, subject=rule.pattern,
        changes={name: [audit.plain(getattr(rule, name)), None] for name in ("kind", "pattern", "open_class", "note")},
    )  # fmt: skip
    db.session.delete(rule)


def _next_version(account_id: UUID) -> None:
    """The rules changed: opens say by which version they were judged, and all processes look again."""
    connection = db.session.connection()
    settings.make(connection, runtime().vault, account_id)
    mine = update(OpenSettings).where(OpenSettings.account_id == account_id)
    connection.execute(mine.values(rules_version=OpenSettings.rules_version + 1))
    config_version.bump(connection)


def settings_of(account_id: UUID) -> OpenSettings | None:
    """None while the account has the defaults and no keys."""
    return db.session.get(OpenSettings, account_id)


def is_key_lost(account_id: UUID) -> bool:
    """Whether there is a signing key that ENCRYPTION_KEYS do not read: links are not checked until it is replaced."""
    keys = settings.keys_of(db.session.connection(), runtime().vault, account_id)
    return keys is not None and not keys.signing


def change_settings(actor: Actor, *, addresses: str, fold_s: int, version: int | None) -> None:
    """Raises Invalid (`addresses`, `fold_s`), or Conflict when `version` is not the stored one."""
    wrong: dict[str, Any] = {}
    if addresses not in list(Addresses):
        wrong["addresses"] = _l("Choose one.")
    if fold_s not in FOLD_S:
        wrong["fold_s"] = _l("From 0 to %(number)s seconds.", number=FOLD_S[-1])
    if wrong:
        raise Invalid(fields=wrong)
    connection = db.session.connection()
    settings.make(connection, runtime().vault, actor.account_id)
    row = db.session.get_one(OpenSettings, actor.account_id, with_for_update=True)
    if version is not None and version != row.version:
        raise Conflict
    before = audit.values_of(row, ("addresses", "fold_s"))
    row.addresses, row.fold_s = addresses, fold_s
    changes = audit.changed(before, audit.values_of(row, ("addresses", "fold_s")))
    if changes:
        row.version += 1
        config_version.bump(connection)
        audit.record(db.session(), actor, "open_settings.updated", changes=changes)


def make_keys(actor: Actor) -> None:
    settings.make(db.session.connection(), runtime().vault, actor.account_id)


def rotate_key(actor: Actor, version: int) -> None:
    """A new signing key. Raises Conflict when somebody changed the settings meanwhile."""
    settings.make(db.session.connection(), runtime().vault, actor.account_id)
    settings.rotate(db.session.connection(), runtime().vault, actor.account_id, version)
    audit.record(db.session(), actor, "open_settings.key_rotated")


def start_reclassify(actor: Actor) -> UUID:
    """The id of the long task. Raises Conflict when several wait or run already."""
    connection = db.session.connection()
    job_id = start(connection, account_id=actor.account_id, kind=KIND, params={}, created_by=actor.user_id)
    audit.record(db.session(), actor, "opens.reclassify_started", subject_id=job_id)
    return job_id
