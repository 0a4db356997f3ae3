"""A board as somebody opened it: its funnel, stages and filters, and from these its columns and cards to print."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.contacts.listing import owners_of
from app.contacts.service import country_of
from app.core import clock
from app.core.access import Actor
from app.core.i18n import locale, number
from app.funnels.board import collapsing, reading
from app.funnels.board.changes import shape_of
from app.funnels.board.filters import Filters
from app.funnels.board.reading import PAGE, Scope, Total
from app.funnels.board.showing import Printer, brl
from app.funnels.models import Funnel, Stage
from app.funnels.structure import reading as structure


class Column(NamedTuple):
    """A stage, ready to print. `cards`: their HTML; `next`: where the cards behind these are, "" for none; `fold` and
    `add`: labels."""

    stage: Stage
    number: str
    value: str
    is_collapsed: bool
    cards: Markup
    next: str
    new: str
    fold: str
    add: str


@dataclass(frozen=True, slots=True)
class Board:
    scope: Scope
    collapsed: frozenset[UUID]
    owners: Sequence[tuple[str, Any]]  # id as text, name
    zone: tzinfo
    path: str  # of the page, without filters
    printer: Printer

    @property
    def funnel(self) -> Funnel:
        return self.scope.funnel

    @property
    def stages(self) -> Sequence[Stage]:
        return self.scope.stages

    @property
    def wide(self) -> list[UUID]:
        """The stages whose cards are shown."""
        return [stage.id for stage in self.stages if stage.id not in self.collapsed]

    @property
    def shape(self) -> str:
        return shape_of(self.funnel, self.stages, self.scope.now.astimezone(self.zone).date())

    def columns(self, session: Session, stages: Iterable[Stage]) -> list[Column]:
        """These columns with their first cards."""
        shown = list(stages)
        wide = [stage.id for stage in shown if stage.id not in self.collapsed]
        found = reading.first_cards(session, self.scope, wide) if wide else {}
        totals = reading.totals(session, self.scope, [stage.id for stage in shown])
        return [
            self._column(stage, totals[stage.id], found.get(stage.id.hex) or found.get(str(stage.id)) or ())
            for stage in shown
        ]

    def heads(self, session: Session, ids: Collection[UUID]) -> list[Column]:
        """The figures of columns, without cards."""
        totals = reading.totals(session, self.scope, ids)
        return [self._column(stage, totals[stage.id], ()) for stage in self.stages if stage.id in totals]

    def next_page(self, session: Session, stage: Stage, after: str) -> Column:
        """The cards of a column behind a rank."""
        rows = reading.next_cards(session, self.scope, stage.id, after)
        return self._column(stage, Total(0, 0), rows)

    def _column(self, stage: Stage, total: Total, rows: Sequence[Row[Any]]) -> Column:
        after = rows[PAGE - 1].rank if len(rows) > PAGE else None
        query, is_collapsed = self.scope.filters.query, stage.id in self.collapsed
        fold = _("Expand %(stage)s") if is_collapsed else _("Collapse %(stage)s")
        return Column(
            stage,
            number(total.number),
            brl(total.cents, self.printer.locale),
            is_collapsed,
            Markup("".join(self.printer.cards(rows[:PAGE]))),  # noqa: S704 - the printer escapes
            f"{self.path}/stages/{stage.id}/cards{query}{'&' if query else '?'}after={quote(after)}" if after else "",
            f"{self.path}/cards/new?stage={stage.id}",
            fold % {"stage": stage.name},
            _("New card in %(stage)s") % {"stage": stage.name},
        )


def opened(
    session: Session, actor: Actor, funnel: Funnel, filters: Filters, zone: tzinfo, path: str, *, can_edit: bool
) -> Board:
    """`path`: of its page. `can_edit`: whether the actor may move cards."""
    stages = structure.stages_of(session, funnel.id)
    now = clock.now()
    country = country_of(funnel.account_id) if filters.text else ""
    owners = owners_of(session, funnel.account_id)
    names = {UUID(id): name for id, name in owners}
    return Board(
        Scope(funnel, stages, filters, country, now),
        collapsing.collapsed(session, actor.user_id, funnel.id),
        owners,
        zone,
        path,
        Printer(stages, names, zone, now, locale(), f"{path}/cards/", can_edit),
    )
