"""What the pages of opens show beside the rows: choices, chips of what is filtered, and the names of images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, list_filters
from app.core.list_filters import Chip, Choice, with_given, word_of
from app.core.periods import HOUR
from app.core.rollup import hour_of
from app.opens.closed.models import Kind
from app.opens.images.models import Image
from app.opens.log.filters import Asked
from app.opens.log.words import COUNTED_WORDS, FILTER_WORDS, KIND_WORDS
from app.opens.models import NO_IMAGE
from app.opens.rules.words import client_word, device_word
from app.opens.shares import shares

MOST_IMAGES = 200  # options; an older one is reached from its own page
SEEN_IN = timedelta(days=28)  # programs to choose from, where no period is asked for


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of the filters."""

    kinds: list[Choice]
    images: list[Choice]
    clients: list[Choice]
    devices: list[Choice]
    counted: list[Choice]

    def word(self, name: str, value: str) -> Any:
        """How people call the value of a filter."""
        options = {
            "class": self.kinds, "image": self.images, "client": self.clients, "device": self.devices,
            "counted": self.counted, "first": [("1", _("Yes"))],
        }  # fmt: skip
        return word_of(options.get(name, []), value)


def choices(session: Session, account_id: UUID, given: Mapping[str, str], asked: Asked) -> Choices:
    """What there is to choose from, and what was given besides, so that the form keeps it."""
    end = asked.filters.end or clock.now()
    start = asked.filters.start or end - SEEN_IN
    span = (hour_of(max(start, end - SEEN_IN)), hour_of(end) + HOUR)
    seen = shares(session.connection(), account_id, *span, [Kind.CLIENT, Kind.DEVICE])
    images = (
        select(Image.id, Image.name)
        .where(Image.account_id == account_id)
        .order_by(Image.created_at.desc())
        .limit(MOST_IMAGES)
    )
    clients = sorted({client for client, _class in seen[Kind.CLIENT] if client}, key=str.casefold)
    devices = sorted({device for device, _class in seen[Kind.DEVICE] if device})
    named = [(str(row.id), row.name) for row in session.execute(images)]
    return Choices(
        kinds=[(str(kind), word) for kind, word in KIND_WORDS.items()],
        images=with_given([*named, (str(NO_IMAGE), _("Not in the library"))], given.get("image")),
        clients=with_given([(client, client_word(client)) for client in clients], given.get("client")),
        devices=with_given([(device, device_word(device)) for device in devices], given.get("device")),
        counted=list(COUNTED_WORDS.items()),
    )


def chips(given: Mapping[str, str], asked: Asked, known: Choices) -> list[Chip]:
    return list_filters.chips(given, FILTER_WORDS, asked.moments, known.word)


def image_names(session: Session, account_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Of those that are still in the library."""
    wanted = set(ids) - {NO_IMAGE}
    found = select(Image.id, Image.name).where(Image.account_id == account_id, Image.id.in_(wanted))
    return {row.id: row.name for row in session.execute(found)} if wanted else {}
