"""The card moved to another stage of its funnel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.core.errors import Conflict, Invalid
from app.funnels.cards import locking, moving
from app.funnels.cards.placing import Place
from app.funnels.cards.values import reason_from
from app.funnels.models import Funnel
from app.funnels.rules.actions.action import Action, Kept, Scene, Undone, Why, Wrong, id_in
from app.funnels.rules.names import Names, Ref, RefKind
from app.funnels.states import State

NO_STAGE = _l("There is no such stage in this funnel.")
NEEDS_REASON = _l("Say why deals are lost this way.")


class Move(Action):
    kind = "move"
    label = _l("Move to a stage")
    value = "stageId"
    input = "stage"
    members = frozenset({"stageId", "reason"})

    def check(self, session: Session, funnel: Funnel, given: Mapping[str, Any]) -> Kept:
        stage = locking.stage(session, funnel, id_in(given, "stageId"))
        if stage is None:
            raise Wrong("stageId", NO_STAGE)
        if not isinstance(given.get("reason"), str | None):
            raise Wrong("reason", _l("A text."))
        try:
            reason = reason_from(given.get("reason")) if stage.kind != State.OPEN else None
        except Invalid as error:
            raise Wrong("reason", error.fields["reason"][0]) from None
        if stage.kind == State.LOST and reason is None:
            raise Wrong("reason", NEEDS_REASON)
        return {"stageId": str(stage.id)} | ({"reason": reason} if reason else {})

    def run(self, scene: Scene, action: Kept) -> None:
        stage_id, card = id_in(action, "stageId"), scene.card
        if stage_id is None:
            raise Undone(Why.GONE_STAGE)
        if card.stage_id == stage_id:
            return
        try:
            moving.move(scene.rule.doer, card.id, Place(stage_id), reason=action.get("reason"))
        except Invalid as error:
            raise Undone(Why.GONE_STAGE if "stageId" in error.fields else Why.NEEDS_REASON) from None
        except Conflict:
            raise Undone(Why.SECOND_OPEN) from None

    def words(self, action: Kept, names: Names) -> str:
        return str(_("move to %(stage)s", stage=names.of(self.refers(action))))

    def refers(self, action: Kept) -> Ref | None:
        stage_id = id_in(action, "stageId")
        return Ref(RefKind.STAGE, stage_id) if stage_id else None

    leads_to = refers
