"""Which cards of a funnel are meant: one value for columns, figures, pages of a column and what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_

from app.contacts.filters import has_tag
from app.contacts.names_only import by_name
from app.contacts.search import MAX_TEXT, Wanted
from app.core.ids import to_uuid
from app.core.masking import masks_people
from app.funnels.cards.amounts import amount_from
from app.funnels.cards.values import MAX_VALUE
from app.funnels.models import Card, Stage
from app.funnels.owners import NOBODY, Owner, owned_by
from app.funnels.states import State

NAMES = ("q", "owner", "tag", "value_from", "value_to", "stalled")
MINE = "me"  # owner=


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold; `given` is what the URL said, by name. `problems` say why nothing can match."""

    text: str | None = None
    owner: Owner = None
    tag: str | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    stalled: bool = False
    given: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.given)

    @property
    def is_narrow(self) -> bool:
        """Whether one of those is given that the page shows only when asked for more."""
        return any(name in self.given for name in ("tag", "value_from", "value_to", "stalled"))

    @property
    def query(self) -> str:
        """As it goes behind a path: empty, or with its question mark."""
        return f"?{urlencode(self.given)}" if self.given else ""

    @property
    def about_people(self) -> bool:
        """Whether `conditions` names contacts, so that they have to be joined."""
        return self.text is not None or self.tag is not None

    def conditions(
        self, account_id: UUID, stages: Sequence[Stage], country: str, now: datetime
    ) -> list[ColumnElement[bool]]:
        """Over Card, and Contact where `about_people`. Who sees people masked finds them by their names only.
        `country`: the calling code of numbers that are typed without one."""
        if self.problems:
            return [false()]
        found: list[ColumnElement[bool]] = []
        if self.text is not None:
            found.append(_says(self.text, country))
        if self.tag is not None:
            found.append(has_tag(account_id, self.tag))
        if self.owner is not None:
            found.append(owned_by(Card.owner_id, self.owner))
        if self.least is not None:
            found.append(Card.value >= self.least)
        if self.most is not None:
            found.append(Card.value <= self.most)
        if self.stalled:
            found.append(or_(false(), *(_stays_too_long(stage, now) for stage in stages if warns(stage))))
        return found


def warns(stage: Stage) -> bool:
    """Whether cards of the stage are marked when they stay."""
    return stage.kind == State.OPEN and stage.stalled_after is not None


def from_url(args: Mapping[str, str], user_id: UUID | None) -> Filters:
    """From a query; a blank value is none."""
    given = {name: text for name in NAMES if (text := (args.get(name) or "").strip())}
    problems: dict[str, Any] = {}

    def read(name: str, reading: Any, message: Any) -> Any:
        found = reading(given[name]) if name in given else None
        if name in given and found is None:
            problems[name] = message
        return found

    def owner(text: str) -> Owner:
        return user_id if text == MINE else text if text == NOBODY else to_uuid(text)

    unknown, no_amount = _l("Nothing can match this."), _l("An amount, such as 1.234,50.")
    return Filters(
        text=read("q", _plain, unknown),
        owner=read("owner", owner, _l("There is no such person.")),
        tag=read("tag", _plain, unknown),
        least=read("value_from", _amount, no_amount),
        most=read("value_to", _amount, no_amount),
        stalled=bool(read("stalled", lambda text: text == "1" or None, unknown)),
        given=given,
        problems=problems,
    )


def _amount(text: str) -> Decimal | None:
    found = amount_from(text)
    return min(found, MAX_VALUE) if found is not None else None


def _plain(text: str) -> str | None:
    return text if len(text) <= MAX_TEXT and text.isprintable() else None


def _says(text: str, country: str) -> ColumnElement[bool]:
    wanted = Wanted.of(text)
    if wanted is None:
        return false()
    return by_name(text) if masks_people() else wanted.condition(country, by_index=False)


def _stays_too_long(stage: Stage, now: datetime) -> ColumnElement[bool]:
    return and_(Card.stage_id == stage.id, Card.entered_at <= now - timedelta(days=stage.stalled_after or 0))
