"""The live check of an image: has the mail with this id been opened yet?"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from app.opens.ids import clean
from app.opens.images.models import Image
from app.opens.models import Open

TEST = "TESTE-"
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that are read for each other
LOOKS_BACK = timedelta(days=1)
DESCRIBED_AFTER = timedelta(seconds=30)  # the ticker has looked at a new user agent by then


@dataclass(frozen=True, slots=True)
class Arrival:
    """The first load of an image with an id. `client` and `device` are empty while nobody knows them."""

    at: datetime
    open_class: str
    client: str
    device: str
    reason: str

    def is_final(self, now: datetime) -> bool:
        """Whether nothing will be added to it."""
        return bool(self.client) or now - self.at > DESCRIBED_AFTER


def new_ref() -> str:
    """An id for one try, which no invoice has."""
    return TEST + "".join(secrets.choice(LETTERS) for _ in range(6))


def asked_ref(text: str) -> str:
    """The id that somebody wants to try with, as an open would carry it; empty for none."""
    return clean(text).text


def first_load(connection: Connection, image: Image, ref: str, now: datetime) -> Arrival | None:
    """The first load of the image with this id in the last day, whoever loaded it."""
    columns = (Open.created_at, Open.open_class, Open.client, Open.device, Open.reason)
    found = select(*columns).where(
        Open.account_id == image.account_id,
        Open.ref == ref,
        Open.created_at >= now - LOOKS_BACK,
        Open.image_id == image.id,
    )
    row = connection.execute(found.order_by(Open.created_at).limit(1)).one_or_none()
    return None if row is None else Arrival(row[0], row[1], row[2] or "", row[3] or "", row[4])
