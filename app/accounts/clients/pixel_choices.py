"""The pixels that a client may be limited to. Pixels are a later step and register how to list them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class PixelChoice:
    """`id` is our UUID as text, `pixel_id` the platform's; `platform` the wire value, `label` what people read."""

    id: str
    platform: str
    pixel_id: str
    label: str


Lister = Callable[[Session, UUID], Sequence[PixelChoice]]
_listers: list[Lister] = []


def list_pixels_with(lister: Lister) -> Lister:
    """Registers, once, how to list the pixels of an account: `lister(session, account_id)`."""
    if lister not in _listers:
        _listers.append(lister)
    return lister


def pixels_of(session: Session, account_id: UUID) -> list[PixelChoice]:
    return [pixel for lister in _listers for pixel in lister(session, account_id)]
