"""The verbs on a funnel, shared by pages and API, inside a write transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import Account
from app.contacts.named import Taken
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.ids import uuid7
from app.funnels.cards import locking
from app.funnels.models import Funnel, Stage
from app.funnels.structure import reading
from app.funnels.structure.patterns import PATTERNS, REASONS
from app.funnels.structure.values import check_funnel

MAX_FUNNELS = 100
FIELDS = ("name", "description", "reasons")
TAKEN = _l("There is a funnel of this name already.")
TAKEN_MEANWHILE = _l("Another funnel has its name by now. Give that one another name first.")
TOO_MANY = _l("An account has at most %(number)d funnels.", number=MAX_FUNNELS)


def create(actor: Actor, values: Mapping[str, Any]) -> Funnel:
    """A new funnel. `values`: `name`, `description`, `reasons` and `pattern` (of PATTERNS: its first stages). Raises
    Invalid by these names, Taken with the funnel that has the name, or Conflict when the account has MAX_FUNNELS."""
    session = db.session()
    clean = check_funnel({"name": "", **values})
    pattern = values.get("pattern") or "sales"
    if pattern not in PATTERNS:
        raise Invalid({"pattern": [_l("Choose one of the list.")]})
    _make_room(session, actor.account_id, clean["folded_name"], TAKEN)
    now = clock.now()
    funnel = Funnel(
        **({"reasons": [str(reason) for reason in REASONS]} | clean),
        id=uuid7(),
        account_id=actor.account_id,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    session.add(funnel)
    session.flush()
    for position, stage in enumerate(PATTERNS[pattern][1]):
        session.add(
            Stage(
                **stage.columns(),
                id=uuid7(),
                account_id=actor.account_id,
                funnel_id=funnel.id,
                position=position,
                created_at=now,
                updated_at=now,
            )
        )
    session.flush()
    _record(session, actor, "funnel.created", funnel)
    return funnel


def update(actor: Actor, id: UUID | None, values: Mapping[str, Any], *, version: int | None = None) -> Funnel:
    """Changes what `values` gives of `name`, `description` and `reasons`. Raises NotFound, Invalid, Taken, or Conflict
    with the funnel when `version` is not the stored one."""
    session = db.session()
    _lock_account(session, actor.account_id)
    funnel = held(session, actor, id, version)
    clean = check_funnel(values)
    if clean.get("folded_name", funnel.folded_name) != funnel.folded_name:
        _refuse_taken(session, actor.account_id, clean["folded_name"], TAKEN)
    before = audit.values_of(funnel, FIELDS)
    for name, value in clean.items():
        setattr(funnel, name, value)
    changes = audit.changed(before, audit.values_of(funnel, FIELDS))
    if changes:
        touch(funnel)
        _record(session, actor, "funnel.updated", funnel, changes)
    return funnel


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> Funnel:
    """Takes a funnel with its cards away, so that it can be brought back for a while. Raises NotFound or Conflict."""
    session = db.session()
    funnel = held(session, actor, id, version)
    funnel.deleted_at = clock.now()
    touch(funnel)
    _record(session, actor, "funnel.deleted", funnel)
    return funnel


def restore(actor: Actor, id: UUID | None) -> Funnel:
    """Brings a deleted funnel back with all that was in it. Raises NotFound, Taken when another one has its name by
    now, or Conflict when the account has MAX_FUNNELS."""
    session = db.session()
    _lock_account(session, actor.account_id)
    funnel = reading.get_deleted(actor.account_id, id, lock=True)
    _make_room(session, actor.account_id, funnel.folded_name, TAKEN_MEANWHILE)
    funnel.deleted_at = None
    touch(funnel)
    _record(session, actor, "funnel.restored", funnel)
    return funnel


def held(session: Session, actor: Actor, id: UUID | None, version: int | None) -> Funnel:
    """The funnel, locked for a change of it or of its stages. Raises NotFound, or Conflict with the funnel when
    `version` is not the stored one."""
    funnel = locking.funnel(session, actor.account_id, id)
    if version is not None and version != funnel.version:
        raise Conflict(current=funnel)
    return funnel


def touch(funnel: Funnel) -> None:
    """What every change of a funnel or of its stages brings with it: boards that are open see by the version that they
    are to be drawn anew."""
    funnel.updated_at = clock.now()
    funnel.version += 1


def _lock_account(session: Session, account_id: UUID) -> None:
    """Whose names are one list: always before a funnel."""
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))


def _make_room(session: Session, account_id: UUID, folded_name: str, taken: Any) -> None:
    _lock_account(session, account_id)
    _refuse_taken(session, account_id, folded_name, taken)
    counted = select(func.count()).select_from(Funnel).where(reading.mine(account_id))
    if (session.scalar(counted) or 0) >= MAX_FUNNELS:
        raise Conflict(TOO_MANY)


def _refuse_taken(session: Session, account_id: UUID, folded_name: str, taken: Any) -> None:
    same = session.scalar(select(Funnel).where(reading.mine(account_id), Funnel.folded_name == folded_name))
    if same is not None:
        raise Taken(taken, current=same)


def _record(session: Session, actor: Actor, action: str, funnel: Funnel, changes: audit.Changes | None = None) -> None:
    audit.record(session, actor, action, subject_id=funnel.id, subject=funnel.name, changes=changes)
