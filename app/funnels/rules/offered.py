"""What the form of a rule offers to choose from, and how many cards fit what is typed so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.contacts.grouping import tag_named
from app.contacts.models import Tag
from app.core.ids import to_uuid, uuid7
from app.funnels.models import CardRule, Funnel, Stage
from app.funnels.rules import sweep
from app.funnels.rules.actions.notifying import OWNER
from app.funnels.rules.actions.table import KINDS
from app.funnels.rules.actions.telling import EVENTS
from app.funnels.rules.checking import MAX_DAYS
from app.funnels.states import State, Trigger
from app.funnels.structure import reading

MAX_TAGS = 500  # offered while typing
Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Offer:
    stages: list[Stage]
    tags: list[str]
    people: list[Choice]
    reasons: list[str]

    @property
    def kinds(self) -> list[Choice]:
        return [(key, str(kind.label)) for key, kind in KINDS.items()]

    def stage_choices(self, trigger: str | None) -> list[Choice]:
        """Of the trigger: deals in a closed stage no longer wait."""
        fitting = [stage for stage in self.stages if trigger != Trigger.STAYED or stage.kind == State.OPEN]
        return [("", _("Choose…")), *((str(stage.id), stage.name) for stage in fitting)]

    def options(self, input: str) -> list[Choice]:
        """Of an action's value."""
        match input:
            case "stage":
                return [(str(stage.id), stage.name) for stage in self.stages]
            case "person":
                return self.people
            case "recipient":
                return [(OWNER, _("The card's owner")), *self.people]
            case "event":
                return [(event, str(word)) for event, word in EVENTS.items()]
        return []

    def needs_reason(self, stage_id: str) -> bool:
        return any(str(stage.id) == stage_id and stage.kind == State.LOST for stage in self.stages)


def read(session: Session, funnel: Funnel) -> Offer:
    own = funnel.account_id
    tags = select(Tag.name).where(Tag.account_id == own).order_by(Tag.folded_name).limit(MAX_TAGS)
    people = select(User.id, User.name).where(User.account_id == own, User.disabled_at.is_(None)).order_by(User.name)
    return Offer(
        list(reading.stages_of(session, funnel.id)),
        list(session.scalars(tags)),
        [(str(id_), name) for id_, name in session.execute(people)],
        list(funnel.reasons),
    )


def count_typed(session: Session, funnel: Funnel, values: Mapping[str, Any], rule: CardRule | None) -> int | None:
    """Open cards that are there already and would be the rule's; None as long as what is typed says too little."""
    days, tag_id = values.get("days"), None
    if values["trigger"] == Trigger.TAGGED:
        tag_id = session.scalar(tag_named(funnel.account_id, values.get("tag") or ""))
    stage_id = to_uuid(values.get("stageId"))
    stays = values["trigger"] == Trigger.STAYED and stage_id and isinstance(days, int) and 1 <= days <= MAX_DAYS
    if not (stays or tag_id):
        return None
    typed = CardRule(
        id=rule.id if rule else uuid7(), account_id=funnel.account_id, funnel_id=funnel.id,
        trigger=values["trigger"], stage_id=stage_id, tag_id=tag_id, days=days if stays else None,
    )  # fmt: skip
    return sweep.count_fitting(session, typed)
