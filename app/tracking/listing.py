"""What the pages of events show beside the rows: choices, chips of what is filtered, figures and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account, ApiClient
from app.core import clock, list_filters
from app.core.db import to_json
from app.core.i18n import money, number
from app.core.list_filters import Chip, Choice, with_given, word_of
from app.core.runtime import runtime
from app.destinations import registry
from app.destinations.names import META_STANDARD, NEUTRAL
from app.outbound.words import error_word
from app.pixels import service as pixels
from app.tracking import figure
from app.tracking.detail import Detail
from app.tracking.filters import NAMES, Asked, Filters
from app.tracking.models import TrackedEvent
from app.tracking.pixel_targets import pixel_targets
from app.tracking.words import DEAD_ERRORS, FILTER_WORDS, PERIOD_WORDS, WISH_WORDS

SHOWN = frozenset(NAMES)


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of the filters."""

    platforms: list[Choice]
    pixels: list[Choice]
    events: list[Choice]
    statuses: list[Choice]
    errors: list[Choice]
    clients: list[Choice]
    periods: list[Choice]

    def word(self, name: str, value: str) -> Any:
        """How people call the value of a filter."""
        options = {
            "platform": self.platforms, "pixel": self.pixels, "status": self.statuses, "error": self.errors,
            "client": self.clients, "period": self.periods,
        }  # fmt: skip
        return word_of(options.get(name, []), value)

    @property
    def client_names(self) -> dict[str, Any]:
        return dict(self.clients)


def choices(session: Session, account_id: UUID, given: Mapping[str, str]) -> Choices:
    """What there is to choose from, and what was given in another way (the platform's own id of a pixel, an alias, a
    name that is no longer in use), so that the form keeps it."""
    own = pixel_targets(session, account_id).values()
    clients = select(ApiClient.id, ApiClient.name).where(ApiClient.account_id == account_id).order_by(ApiClient.name)
    names = dict.fromkeys((*NEUTRAL, *META_STANDARD, *pixels.custom_events(account_id)))
    return Choices(
        platforms=with_given(list(registry.labels().items()), given.get("platform")),
        pixels=with_given([(str(target.id), target.label) for target in own], given.get("pixel")),
        events=with_given([(name, name) for name in names], given.get("event")),
        statuses=[(str(wish), word) for wish, word in WISH_WORDS.items()],
        errors=[(str(error), error_word(error, pixels.KIND)) for error in DEAD_ERRORS],
        clients=[(str(row.id), row.name) for row in session.execute(clients)],
        periods=[(str(preset), word) for preset, word in PERIOD_WORDS.items()],
    )


def chips(given: Mapping[str, str], asked: Asked, known: Choices) -> list[Chip]:
    return list_filters.chips(given, FILTER_WORDS, asked.moments, known.word)


def number_of(session: Session, account_id: UUID, wanted: Filters) -> int | None:
    """See `figure.number_of`: of the time for which events are kept."""
    account = session.get_one(Account, account_id)
    kept_since = clock.now() - timedelta(days=account.kept_days(runtime().settings.retention_days))
    return figure.number_of(session, account_id, wanted, kept_since=kept_since)


def amount(event: TrackedEvent) -> str:
    return money(event.value, event.currency) if event.currency else number(event.value)


def shown_fields(event: TrackedEvent) -> list[tuple[str, str]]:
    """The stored wire fields as the app sent them; lists and objects as JSON."""
    fields = {name: value for name, value in event.fields.items() if value is not None}
    return [(name, value if isinstance(value, str) else to_json(value)) for name, value in fields.items()]


def took_s(found: Detail) -> float | None:
    """From acceptance to arrival."""
    delivery = found.delivery
    ended: datetime | None = delivery.done_at if delivery is not None and found.status == "delivered" else None
    return (ended - found.event.created_at).total_seconds() if ended is not None else None
