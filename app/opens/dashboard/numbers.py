"""The numbers of a period of opens, and how they compare. Read from the figures only, so that their cost does not grow
with the opens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.core.buckets import Bucket, before, buckets, by_weekday, gathered
from app.core.figure_cards import Change, more, points
from app.core.period import Compare, Period, preset
from app.core.periods import Preset
from app.core.rollup import hour_of
from app.opens import figures
from app.opens.closed.models import Kind
from app.opens.dashboard.rates import Rate, delays_of, rate_of
from app.opens.dashboard.warnings import Wrong, wrong
from app.opens.figures import LatestId, OpenFigures, Slice
from app.opens.log.listing import image_names
from app.opens.models import COUNTED, OpenClass, OpenHour
from app.opens.shares import Share, shares

NOTHING = OpenFigures()
IMAGE, CLIENT, DEVICE = Kind.IMAGE, Kind.CLIENT, Kind.DEVICE
MOST = 8  # clients, devices and images shown by name
Slices = Mapping[Kind, Share]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The period before. `total` is compared with `ours`: both without the hour that is running; so are `clients`,
    theirs, and `our_clients`."""

    period: Period
    total: OpenFigures
    ours: OpenFigures
    values: list[OpenFigures]
    clients: Share
    our_clients: Share


@dataclass(frozen=True, slots=True)
class Today:
    """So far, and what the same weekday before had at the same hour."""

    period: Period
    total: OpenFigures
    ours: OpenFigures
    before: OpenFigures


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that the page shows of one period. `automatic`: views are with those of machines."""

    period: Period
    automatic: bool
    total: OpenFigures
    opened: int  # ids with a counted open at any time until the end
    today: Today
    places: list[Bucket]
    values: list[OpenFigures]
    weekdays: list[list[int | None]]
    slices: Slices
    images: dict[UUID, str]  # names of those among `slices` that are still in the library
    latest_ids: list[LatestId]
    wrong: Wrong  # of the last seven days
    rate: Rate | None
    delays: tuple[int, ...]  # first opens of mailings, by DELAY_BOUNDS_H; empty without any
    comparison: Comparison | None

    @property
    def views(self) -> int:
        return self.total.shown(self.automatic)

    @property
    def reopened(self) -> float | None:
        return reopened(self.total)

    def change(self, name: str) -> Change | None:
        """Of `views`, `firsts`, `automatic`, `reopened`, `today`; None where there is nothing to compare with."""
        if name == "today":
            return more(self.today.ours.shown(self.automatic), self.today.before.shown(self.automatic))
        if self.comparison is None:
            return None
        ours, theirs = self.comparison.ours, self.comparison.total
        if name == "views":
            return more(ours.shown(self.automatic), theirs.shown(self.automatic))
        if name == "reopened":
            return points(reopened(ours), reopened(theirs))
        return more(getattr(ours, name), getattr(theirs, name))

    def shown_by(self, kind: Kind) -> list[tuple[Any, Slice]]:
        return shown_by(self.slices, kind, self.automatic)

    @property
    def classes(self) -> dict[OpenClass, Slice]:
        """Every class, in the order of OpenClass."""
        found = dict.fromkeys(OpenClass, Slice())
        for (_device, open_class), one in self.slices[DEVICE].items():
            found[OpenClass(open_class)] += one
        return found


def shown_by(slices: Slices, kind: Kind, automatic: bool) -> list[tuple[Any, Slice]]:
    """By image, client or device, of the classes that count as views; most first."""
    found: defaultdict[Any, Slice] = defaultdict(Slice)
    for (name, open_class), one in slices[kind].items():
        if automatic or open_class in COUNTED:
            found[name] += one
    return sorted(found.items(), key=lambda pair: (-pair[1].views, -pair[1].opens, str(pair[0])))


def reopened(total: OpenFigures) -> float | None:
    """The share of counted views that were not the first of their id."""
    return (total.views - total.firsts) / total.views if total.views else None


def has_any(connection: Connection, account_id: UUID) -> bool:
    return connection.scalar(select(OpenHour.hour).where(OpenHour.account_id == account_id).limit(1)) is not None


def dashboard(
    session: Session, account_id: UUID, period: Period, compare: Compare, now: datetime, *, automatic: bool
) -> Dashboard:
    connection, places = session.connection(), buckets(period, now)
    hours = figures.by_hour(connection, account_id, period.start, period.end)
    total = summed(hours.values())
    slices = shares(connection, account_id, period.start, period.end)
    return Dashboard(
        period=period,
        automatic=automatic,
        total=total,
        opened=figures.opened_until(connection, account_id, period.end),
        today=_today(connection, account_id, period, now),
        places=places,
        values=gathered(hours, [(place.start, place.end) for place in places], NOTHING, add),
        weekdays=by_weekday({hour: one.shown(automatic) for hour, one in hours.items()}, period, now),
        slices=slices,
        images=image_names(session, account_id, {image for image, _class in slices[IMAGE]}),
        latest_ids=figures.latest_ids(connection, account_id, period.start, period.end),
        wrong=wrong(connection, account_id, now),
        rate=rate_of(session, account_id, period.start, period.end),
        delays=delays_of(session, account_id, period.start, period.end),
        comparison=_comparison(connection, account_id, period, hours, slices[CLIENT], places, now)
        if compare is Compare.PREVIOUS
        else None,
    )


def summed(all_of_them: Iterable[OpenFigures]) -> OpenFigures:
    found = NOTHING
    for one in all_of_them:
        found += one
    return found


def _today(connection: Connection, account_id: UUID, period: Period, now: datetime) -> Today:
    today = preset(Preset.TODAY, now, period.zone)
    past = today.previous(now)
    hours = figures.by_hour(connection, account_id, today.start, today.end)
    over = (one for hour, one in hours.items() if hour < hour_of(now))
    before_it = figures.total(connection, account_id, past.start, past.end)
    return Today(today, summed(hours.values()), summed(over), before_it)


def _comparison(
    connection: Connection,
    account_id: UUID,
    period: Period,
    hours: Mapping[datetime, OpenFigures],
    clients: Share,
    places: Sequence[Bucket],
    now: datetime,
) -> Comparison:
    past = period.previous(now)
    lines = [before(place, period) for place in places]
    theirs = figures.by_hour(connection, account_id, past.start, max([past.end, *(end for _start, end in lines)]))
    is_running = period.is_running(now)
    return Comparison(
        period=past,
        total=summed(one for hour, one in theirs.items() if hour < past.end),
        ours=summed(one for hour, one in hours.items() if not is_running or hour < hour_of(now)),
        values=gathered(theirs, lines, NOTHING, add),
        clients=shares(connection, account_id, past.start, past.end, [CLIENT])[CLIENT],
        our_clients=_over(connection, account_id, period, clients, now) if is_running else clients,
    )


def _over(connection: Connection, account_id: UUID, period: Period, clients: Share, now: datetime) -> Share:
    """Without the hour that is running."""
    running = figures.slices(connection, account_id, hour_of(now), period.end, ("client", "class"))
    less = {(client, open_class): one for (client, open_class), one in running.items()}
    return {key: one - less.get(key, Slice()) for key, one in clients.items()}
