"""Rules on the wire: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.pagination import PageQuery
from app.core.schema import Out, Schema
from app.funnels.models import CardRule, RuleRun

STAGE = "0192f0c4-7b1a-7c3e-9f50-3a1d2b4c5d6e"
ACTIONS: list[Any] = [
    {"kind": "add_tag", "tag": "quente"},
    {"kind": "notify", "to": "owner"},
    {"kind": "emit", "event": "lead.qualified"},
]
ABOUT_ACTIONS = (
    "One to ten, done in this order: `add_tag` (`tag`, a name, made where it is new, or `tagId`), `set_owner` "
    "(`userId`), `move` (`stageId`; `reason` where deals are lost), `notify` by e-mail (`to`: `owner` or the id of a "
    "person), `emit` (`event`: `lead.qualified`). What cannot be done on a card is noted in the run, and the next one "
    "is still done."
)
ABOUT_TRIGGER = (
    "`entered`: a card comes into `stageId`, from now on. `stayed`: an open card has been in `stageId` for `days`, "
    "once for each stay. `tagged`: the contact of an open card has the tag, once for each card. The latter two run "
    "on cards that are there already, too."
)


class RuleIn(Schema):
    """A new rule."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Proposta", "trigger": "entered", "stageId": STAGE, "actions": ACTIONS}]
        }
    )

    name: str
    trigger: str = Field(description=ABOUT_TRIGGER)
    stage_id: str | None = None
    days: int | None = None
    tag: str | None = Field(None, description="The name of a tag, made where it is new.")
    tag_id: str | None = None
    actions: list[dict[str, Any]] = Field(description=ABOUT_ACTIONS)
    is_active: bool | None = None


class RuleChange(Schema):
    """What is given is replaced, the rest stays. `version` guards against a change made meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"isActive": False, "version": 3}]})

    name: str | None = None
    trigger: str | None = Field(None, description=ABOUT_TRIGGER)
    stage_id: str | None = None
    days: int | None = None
    tag: str | None = None
    tag_id: str | None = None
    actions: list[dict[str, Any]] | None = Field(None, description=ABOUT_ACTIONS)
    is_active: bool | None = None
    version: int | None = None


class RuleRemoval(Schema):
    version: int | None = None


class RuleFilter(PageQuery):
    """Rules come in the order in which they run."""


class RunFilter(PageQuery):
    """The latest first."""


class RuleOut(Out):
    """Tags, stages and people stand by their ids. `needsAttention`: something that the rule names is gone."""

    id: UUID
    name: str
    is_active: bool
    trigger: str
    stage_id: UUID | None
    tag_id: UUID | None
    days: int | None
    actions: list[dict[str, Any]]
    position: int
    needs_attention: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, rule: CardRule, needs_attention: bool) -> RuleOut:
        columns = {name: getattr(rule, name) for name in cls.model_fields if name != "needs_attention"}
        return cls(**columns, needs_attention=needs_attention)


class RunOut(Out):
    """What a rule did on a card. `outcome`: `done`, `partly`, `failed` or `stopped`. Each of `steps` has the `action`
    and, where it was not done, `why`."""

    id: UUID
    card_id: UUID
    outcome: str
    steps: list[dict[str, Any]]
    at: datetime

    @classmethod
    def of(cls, run: RuleRun) -> RunOut:
        return cls.model_validate(run)
