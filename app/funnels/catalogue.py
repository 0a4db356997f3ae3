"""The events of deals, as other systems may be told of them."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from uuid import UUID

from flask_babel import lazy_gettext as _l
from pydantic import Field

from app.core.event_types import EventType, declare
from app.core.schema import Out

DEAL: dict[str, Any] = {
    "dealId": "01937a41-1d42-7f33-a165-4ba09d8c7f04",
    "contactId": "01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01",
    "funnelId": "01937a30-2e53-7a44-b276-5cb1ae9d8005",
    "stageId": "01937a30-3f64-7b55-8387-6dc2bfae9106",
    "state": "open",
    "value": 1500.5,
    "ownerId": None,
    "expectedClose": "2026-12-15",
    "version": 4,
}
MOVE: dict[str, Any] = DEAL | {"fromStageId": "01937a30-4a75-7c66-9498-7ed3c0bfa207", "ruleId": None}


class DealNews(Out):
    """Ids, state and value; never a name, a note or a reason."""

    deal_id: UUID = Field(description="The deal.")
    contact_id: UUID | None = Field(description="Whose deal it is; null when the contact is no more.")
    funnel_id: UUID = Field(description="The funnel it is in.")
    stage_id: UUID = Field(description="The stage it is in, after the change.")
    state: Literal["open", "won", "lost"] = Field(description="How it stands, after the change.")
    value: float = Field(description="In BRL.")
    owner_id: UUID | None = Field(description="The person in charge.")
    expected_close: date | None = Field(description="When it is expected to be won.")
    version: int = Field(ge=1, description="Its version after the change: of two events the higher one is newer.")


class DealUpdated(DealNews):
    fields: list[str] = Field(description="What changed: title, value, ownerId, …; removed, restored.")


class DealMoved(DealNews):
    from_stage_id: UUID = Field(description="The stage it came from.")
    rule_id: UUID | None = Field(description="The rule that moved it; null: a person.")
    undone: bool = Field(False, description="True when a move was taken back; absent otherwise.")


class LeadQualified(DealNews):
    rule_id: UUID = Field(description="The rule of the funnel that found it.")


def declare_events() -> None:
    declare(
        EventType("deal.created", _l("A deal was added to a funnel"), DealNews, DEAL | {"version": 1}),
        EventType(
            "deal.updated",
            _l("A deal changed, was taken off the board or brought back"),
            DealUpdated,
            DEAL | {"fields": ["value"]},
        ),
        EventType("deal.moved", _l("A deal came to another stage"), DealMoved, MOVE),
        EventType("deal.won", _l("A deal was won"), DealMoved, MOVE | {"state": "won"}),
        EventType("deal.lost", _l("A deal was lost"), DealMoved, MOVE | {"state": "lost"}),
        EventType(
            "lead.qualified",
            _l("A rule of a funnel says that a lead is qualified"),
            LeadQualified,
            DEAL | {"ruleId": "01937a42-5b86-7d77-a5a9-8fe4d1c0b308"},
        ),
    )
