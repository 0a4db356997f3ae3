"""The verbs on a funnel, shared by pages and API, inside a write transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.accounts import audit
from app.accounts.models import Account
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.folding import folded_name
from app.core.ids import uuid7
from app.funnels.models import Funnel, Stage
from app.funnels.structure import reading
from app.funnels.structure.patterns import PATTERNS, REASONS

MAX_FUNNELS = 100
MAX_NAME = 80
TAKEN = _l("There is a funnel of this name already.")
TOO_MANY = _l("There are too many funnels.")


def create(actor: Actor, values: Mapping[str, Any]) -> Funnel:
    """A new funnel. `values`: `name`, `description`, `pattern` (of PATTERNS: its first stages). Raises Invalid
    by these names, or Conflict with the funnel that has the name."""
    session = db.session()
    name = " ".join(str(values.get("name") or "").split())
    pattern = values.get("pattern") or "sales"
    if not name or len(name) > MAX_NAME:
        raise Invalid({"name": [_l("A name of 1 to %(max)d characters.", max=MAX_NAME)]})
    if pattern not in PATTERNS:
        raise Invalid({"pattern": [_l("Choose one of the list.")]})
    session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update(key_share=True))
    same = session.scalar(select(Funnel).where(reading.mine(actor.account_id), Funnel.folded_name == folded_name(name)))
    if same is not None:
        raise Conflict(TAKEN, current=same)
    counted = select(func.count()).select_from(Funnel).where(reading.mine(actor.account_id))
    if (session.scalar(counted) or 0) >= MAX_FUNNELS:
        raise Conflict(TOO_MANY)
    now = clock.now()
    funnel = Funnel(
        id=uuid7(),
        account_id=actor.account_id,
        name=name,
        folded_name=folded_name(name),
        description=values.get("description") or None,
        reasons=[str(reason) for reason in REASONS],
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
    audit.record(session, actor, "funnel.created", subject_id=funnel.id, subject=funnel.name)
    return funnel
