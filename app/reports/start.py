"""How far an account has come on the way to its first event: what the overview shows while there is none."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from app.accounts.clients.pixel_choices import PixelChoice
from app.accounts.clients.samples import samples
from app.accounts.models import ApiClient
from app.outbound import figures
from app.outbound.models import DeliveryHour
from app.pixels.models import Pixel

TOKEN = "YOUR_TOKEN"  # noqa: S105 - what stands in the sample until a person puts theirs there


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """`sample` is the request to copy, for the account's first pixel when there is one."""

    has_pixel: bool
    client_id: UUID | None
    sample: str


def first_steps(connection: Connection, account_id: UUID, public_url: str) -> FirstSteps | None:
    """None once an event was accepted."""
    accepted = select(DeliveryHour.hour).where(DeliveryHour.account_id == account_id, figures.not_mail(account_id))
    if connection.scalar(accepted.limit(1)) is not None:
        return None
    pixel = connection.execute(
        select(Pixel.id, Pixel.platform, Pixel.pixel_id, Pixel.description)
        .where(Pixel.account_id == account_id)
        .order_by(Pixel.created_at)
        .limit(1)
    ).one_or_none()
    client_id = connection.scalar(
        select(ApiClient.id)
        .where(ApiClient.account_id == account_id, ApiClient.revoked_at.is_(None))
        .order_by(ApiClient.created_at)
        .limit(1)
    )
    chosen = PixelChoice(str(pixel.id), pixel.platform, pixel.pixel_id, pixel.description or "") if pixel else None
    return FirstSteps(pixel is not None, client_id, samples(public_url, TOKEN, chosen)[0].text)
