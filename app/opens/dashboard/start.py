"""What to do while nothing was opened yet: the tag to copy."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.opens.images.addresses import addresses_of
from app.opens.images.models import Image

DOT = "open.gif"  # the built-in 1×1, served as an image like any other


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """`tag` is of the newest image, or of the built-in dot while the account has none; `only_here`: it works on this
    computer alone."""

    image_id: UUID | None
    tag: str
    only_here: bool


def first_steps(session: Session, account_id: UUID) -> FirstSteps:
    newest = select(Image.id, Image.file).where(Image.account_id == account_id).order_by(Image.created_at.desc())
    image = session.execute(newest.limit(1)).one_or_none()
    addresses = addresses_of(session, account_id)
    return FirstSteps(image.id if image else None, addresses.tag(image.file if image else DOT), addresses.only_here)
