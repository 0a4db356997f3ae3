"""What events tell of a deal: ids, its state and value; never a name, a note or a reason, which people typed."""

from __future__ import annotations

from typing import Any

from app.funnels.models import Card, CardChange


def of(card: Card) -> dict[str, Any]:
    """The payload of every event of a deal: `dealId`, `contactId`, `funnelId`, `stageId`, `state`, `value` (a number,
    reais), `ownerId`, `expectedClose`, `version` (after the change)."""
    return {
        "dealId": str(card.id),
        "contactId": str(card.contact_id) if card.contact_id else None,
        "funnelId": str(card.funnel_id),
        "stageId": str(card.stage_id),
        "state": card.state,
        "value": float(card.value),
        "ownerId": str(card.owner_id) if card.owner_id else None,
        "expectedClose": card.expected_close.isoformat() if card.expected_close else None,
        "version": card.version,
    }


def of_move(card: Card, change: CardChange) -> dict[str, Any]:
    """deal.moved, deal.won, deal.lost: also `fromStageId` and `ruleId` (None: by hand)."""
    return of(card) | {
        "fromStageId": str(change.from_stage_id),
        "ruleId": str(change.rule_id) if change.rule_id else None,
    }
