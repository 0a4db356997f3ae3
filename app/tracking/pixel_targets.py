"""The pixels of an account as its events know them: the deleted ones, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import to_uuid
from app.destinations import registry
from app.outbound.models import Target, TargetState
from app.pixels.models import Pixel
from app.pixels.service import KIND
from app.tracking.filters import Wish


@dataclass(frozen=True, slots=True)
class PixelTarget:
    """`platform` and `pixel_id` of a deleted pixel are read from the label that its target kept."""

    id: UUID
    platform: str | None
    pixel_id: str
    label: str
    state: str


def pixel_targets(session: Session, account_id: UUID) -> dict[UUID, PixelTarget]:
    """By our id, in the order of their labels."""
    found = (
        select(Target.id, Target.label, Target.state, Pixel.platform, Pixel.pixel_id)
        .outerjoin(Pixel, Pixel.id == Target.id)
        .where(Target.account_id == account_id, Target.kind == KIND)
        .order_by(Target.label, Target.id)
    )
    return {
        row.id: PixelTarget(row.id, *(_of_label(row.label, row.platform, row.pixel_id)), row.label, row.state)
        for row in session.execute(found)
    }


def _of_label(label: str, platform: str | None, pixel_id: str | None) -> tuple[str | None, str]:
    if pixel_id is not None:
        return platform, pixel_id
    key, rest = next(
        ((key, label.removeprefix(f"{name} ")) for key, name in registry.labels().items() if label.startswith(name)),
        (None, label),
    )
    return key, rest.partition(" ")[0]


def chosen(
    own: Mapping[UUID, PixelTarget], *, platform: str | None = None, pixel: str | None = None
) -> frozenset[UUID] | None:
    """The ids of those that a platform and a pixel (our id or the one at the platform) name; None for all of them."""
    ours = to_uuid(pixel)
    ids = frozenset(
        target.id
        for target in own.values()
        if (platform is None or target.platform == platform)
        and (pixel is None or pixel == target.pixel_id or target.id == ours)
    )
    return None if len(ids) == len(own) else ids


def in_state(own: Mapping[UUID, PixelTarget], state: TargetState) -> frozenset[UUID]:
    return frozenset(target.id for target in own.values() if target.state == state)


def holding(own: Mapping[UUID, PixelTarget], among: frozenset[UUID], status: Wish | None) -> frozenset[UUID]:
    """Those of `among` whose open deliveries are in this way of waiting."""
    paused, deleted = (in_state(own, state) for state in (TargetState.PAUSED, TargetState.DELETED))
    match status:
        case Wish.PAUSED:
            return among & paused
        case Wish.PENDING:
            return among - paused - deleted
    return among - deleted
