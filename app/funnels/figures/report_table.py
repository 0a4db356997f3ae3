"""The figures of a funnel as a small table, for people's spreadsheet programs: one figure a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import exports
from app.core.spreadsheets import Cell, Out
from app.funnels import owners
from app.funnels.figures import words
from app.funnels.figures.closings import DAY_S, Outcome, Side
from app.funnels.figures.report import Report, StageFigures

COLUMNS = (_l("Part"), _l("Of"), _l("Figure"), _l("Value"))
Line = list[Cell]


@dataclass(frozen=True, slots=True)
class Order:
    suffix: str
    language: str

    @property
    def filename(self) -> str:
        with force_locale(self.language):
            name = _("funnel-figures")
        return f"{name}.{self.suffix}"


def write(found: Report, names: dict[UUID, str], order: Order, out: Out) -> None:
    """Money in reais, rates as shares (0.5 is a half), times in days."""
    exports.write_table(order, COLUMNS, [list(lines(found, names))], out)


def lines(found: Report, names: dict[UUID, str]) -> Iterator[Line]:
    yield from _overall(found)
    for stage in found.stages:
        yield from _stage(stage)
    for day, value, won in zip(found.days, found.values, found.won, strict=True):
        yield [_("Value over time"), day.isoformat(), _("Open value"), value]
        yield [_("Value over time"), day.isoformat(), _("Value won"), won]
    for part, ranked in ((_("Won by reason"), found.won_by_reason), (_("Lost by reason"), found.lost_by_reason)):
        for reason, side in ranked:
            yield from _side(part, words.reason(reason), side)
    for owner_id, outcome in found.by_owner:
        yield from _outcome(_("By owner"), owners.name_of(names, owner_id), outcome)
    for one in found.forecast:
        of = words.when(one.when)
        yield [_("Forecast"), of, _("Cards"), one.count]
        yield [_("Forecast"), of, _("Value"), one.value]
        yield [_("Forecast"), of, _("Weighted"), one.weighted]


def _overall(found: Report) -> Iterator[Line]:
    part, of = _("Overall"), ""
    yield [part, of, _("Cards made"), found.cohort.created]
    yield [part, of, _("Made and won"), found.cohort.won]
    yield from _outcome(part, of, found.outcome)
    yield [part, of, _("Average deal"), found.outcome.won.average]
    yield [part, of, _("Days from made to won"), _share(found.outcome.won.days)]


def _stage(stage: StageFigures) -> Iterator[Line]:
    part, of, flow = _("Conversion"), stage.name, stage.flow
    yield [part, of, _("Entered"), flow.entered]
    yield [part, of, _("Went on"), flow.went_on]
    yield [part, of, _("Lost"), flow.lost]
    yield [part, of, _("Rate"), _share(flow.rate)]
    part = _("Time in stage")
    if stage.stays:
        yield [part, of, _("Stays that ended"), stage.stays.count]
        yield [part, of, _("Average, in days"), _days(stage.stays.average_s)]
        yield [part, of, _("Median, in days"), _days(stage.stays.median_s)]
    if stage.standing:
        yield [part, of, _("There now"), stage.standing.count]
        yield [part, of, _("Average so far, in days"), _days(stage.standing.average_s)]


def _outcome(part: str, of: str, found: Outcome) -> Iterator[Line]:
    yield [part, of, _("Won"), found.won.count]
    yield [part, of, _("Value won"), found.won.value]
    yield [part, of, _("Lost"), found.lost.count]
    yield [part, of, _("Value lost"), found.lost.value]
    yield [part, of, _("Win rate"), _share(found.rate)]


def _side(part: str, of: str, side: Side) -> Iterator[Line]:
    yield [part, of, _("Cards"), side.count]
    yield [part, of, _("Value"), side.value]


def _share(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 4)))


def _days(seconds: float) -> Decimal | None:
    return _share(seconds / DAY_S)
