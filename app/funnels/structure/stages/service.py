"""The verbs on a stage, shared by pages and API, inside a write transaction. Each holds the funnel locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.categories.service import PALETTE
from app.contacts.named import Taken
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.ids import uuid7
from app.funnels.models import Card, Funnel, Stage
from app.funnels.states import State
from app.funnels.structure import reading
from app.funnels.structure.service import held, touch
from app.funnels.structure.stages.order import arrange, place_for
from app.funnels.structure.values import CHANCES, check_stage

MAX_STAGES = 30
FIELDS = ("name", "color", "kind", "chance", "stalled_after")
TAKEN = _l("There is a stage of this name already.")
TOO_MANY = _l("A funnel has at most %(number)d stages.", number=MAX_STAGES)
LAST_OPEN = _l("A funnel needs at least one open stage.")
HAS_CARDS = _l("The kind cannot change while cards are in the stage: they would be closed or reopened by it.")
HAS_REMOVED = _l(
    "The kind cannot change: cards that were taken off the board, and can be brought back, were in this stage."
)
NOT_ALL = _l("The order names every stage of the funnel once.")


def create(actor: Actor, funnel_id: UUID | None, values: Mapping[str, Any]) -> Stage:
    """A new stage. `values`: `name`, `color`, `kind`, `chance`, `stalledAfter` and `position`. Raises NotFound, Invalid
    by these names, Taken with the stage that has the name, or Conflict when the funnel has MAX_STAGES."""
    session = db.session()
    funnel = held(session, actor, funnel_id, None)
    others = list(reading.stages_of(session, funnel.id))
    if len(others) >= MAX_STAGES:
        raise Conflict(TOO_MANY)
    clean = check_stage({"name": "", "color": next_color(others), **_given(values)})
    _refuse_taken(others, clean["folded_name"])
    now = clock.now()
    stage = Stage(
        **({"kind": str(State.OPEN), "chance": 50, "stalled_after": None} | clean),
        id=uuid7(),
        account_id=funnel.account_id,
        funnel_id=funnel.id,
        position=len(others),
        created_at=now,
        updated_at=now,
    )
    _settle(stage)
    session.add(stage)
    session.flush()
    wanted = values.get("position")
    others.insert(place_for(stage.kind, others) if wanted is None else wanted, stage)
    arrange(session, others)
    _record(session, actor, "stage.created", funnel, stage, _first(stage))
    return stage


def update(
    actor: Actor, funnel_id: UUID | None, id: UUID | None, values: Mapping[str, Any], *, version: int | None = None
) -> Stage:
    """Changes what `values` gives (as in `create`). Raises NotFound, Invalid, Taken, or Conflict with the stage when
    `version` is not the stored one."""
    session = db.session()
    funnel = held(session, actor, funnel_id, None)
    stage = of_held(actor, funnel, id, version)
    others = [each for each in reading.stages_of(session, funnel.id) if each.id != stage.id]
    clean = check_stage(_given(values))
    _refuse_taken(others, clean.get("folded_name", ""))
    if clean.get("kind", stage.kind) != stage.kind:
        _refuse_kind(session, stage, others)
    before = audit.values_of(stage, FIELDS)
    for name, value in clean.items():
        setattr(stage, name, value)
    _settle(stage)
    changes = audit.changed(before, audit.values_of(stage, FIELDS)) | _moved(session, stage, others, values)
    if changes:
        _touch(stage)
        _record(session, actor, "stage.updated", funnel, stage, changes)
    return stage


def reorder(actor: Actor, funnel_id: UUID | None, ids: Sequence[UUID | None], *, version: int | None = None) -> Funnel:
    """Puts the stages in this order, which names each of them once. Raises NotFound, Invalid (`stageIds`), or Conflict
    with the funnel when `version`, the funnel's, is not the stored one."""
    session = db.session()
    funnel = held(session, actor, funnel_id, version)
    before = reading.stages_of(session, funnel.id)
    known = {stage.id: stage for stage in before}
    if len(ids) != len(known) or set(ids) != set(known):
        raise Invalid({"stageIds": [NOT_ALL]})
    after = [known[id] for id in ids if id is not None]
    if [stage.id for stage in after] != [stage.id for stage in before]:
        order: audit.Changes = {"order": [[stage.name for stage in before], [stage.name for stage in after]]}
        arrange(session, after)
        touch(funnel)
        audit.record(session, actor, "stages.reordered", subject_id=funnel.id, subject=funnel.name, changes=order)
    return funnel


def remove(session: Session, actor: Actor, funnel: Funnel, stage: Stage, moved: int) -> None:
    """Takes a stage that has no card (any more) out of its locked funnel; `moved` cards went elsewhere."""
    stage.deleted_at = clock.now()
    _touch(stage)
    session.flush()
    arrange(session, reading.stages_of(session, funnel.id))
    _record(session, actor, "stage.deleted", funnel, stage, {"number": [None, moved]} if moved else {})


def of_held(actor: Actor, funnel: Funnel, id: UUID | None, version: int | None) -> Stage:
    """A stage of the locked funnel. Raises NotFound, or Conflict with the stage when `version` is not the stored
    one."""
    stage = reading.get_stage(actor.account_id, funnel.id, id)
    db.session().refresh(stage)
    if version is not None and version != stage.version:
        raise Conflict(current=stage)
    return stage


def refuse_last_open(stage: Stage, others: Sequence[Stage]) -> None:
    """Raises Conflict when no other one is open."""
    if stage.kind == State.OPEN and all(other.kind != State.OPEN for other in others):
        raise Conflict(LAST_OPEN)


def next_color(others: Sequence[Stage]) -> str:
    """The first colour of the palette that no stage has."""
    taken = {stage.color for stage in others}
    return next((color for color in PALETTE if color not in taken), next(iter(PALETTE)))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without those that are None: null means absent."""
    return {name: value for name, value in values.items() if value is not None}


def _refuse_taken(others: Sequence[Stage], folded_name: str) -> None:
    same = next((other for other in others if other.folded_name == folded_name), None)
    if same is not None:
        raise Taken(TAKEN, current=same)


def _refuse_kind(session: Session, stage: Stage, others: Sequence[Stage]) -> None:
    """The kind is what state its cards are in, those too that were taken off and come back."""
    if stage.kind == State.OPEN and all(other.kind != State.OPEN for other in others):
        raise Invalid({"kind": [LAST_OPEN]})
    found = select(Card.removed_at).where(Card.stage_id == stage.id)
    if session.execute(found.where(Card.removed_at.is_(None)).limit(1)).first() is not None:
        raise Invalid({"kind": [HAS_CARDS]})
    if session.execute(found.limit(1)).first() is not None:
        raise Invalid({"kind": [HAS_REMOVED]})


def _settle(stage: Stage) -> None:
    """What goes without saying of a closed one."""
    if stage.kind != State.OPEN:
        stage.chance, stage.stalled_after = CHANCES[State(stage.kind)], None


def _moved(session: Session, stage: Stage, others: list[Stage], values: Mapping[str, Any]) -> audit.Changes:
    """Puts the stage at the `position` that is given."""
    wanted, before = values.get("position"), stage.position
    if wanted is None:
        return {}
    arrange(session, [*others[:wanted], stage, *others[wanted:]])
    return {} if stage.position == before else {"position": [before, stage.position]}


def _touch(stage: Stage) -> None:
    stage.updated_at = clock.now()
    stage.version += 1


def _first(stage: Stage) -> audit.Changes:
    return {name: [None, value] for name, value in audit.values_of(stage, FIELDS).items() if value is not None}


def _record(session: Session, actor: Actor, action: str, funnel: Funnel, stage: Stage, changes: audit.Changes) -> None:
    touch(funnel)
    told: audit.Changes = {"funnel": [None, funnel.name], **changes}
    audit.record(session, actor, action, subject_id=stage.id, subject=stage.name, changes=told)
