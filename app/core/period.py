"""Which hours a page of figures is about, and those it is compared with: from the URL, in the zone of the reader."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.core.periods import DAY, HOUR, Preset, days_of, is_day, read, to_utc
from app.core.rollup import hour_of

WEEK = timedelta(weeks=1)
MAX_DAYS = 400
DEFAULT = Preset.WEEK


class Compare(StrEnum):
    PREVIOUS = "previous"
    NONE = "none"


class Problem(StrEnum):
    """Why what was asked for is not what is shown."""

    ODD_PERIOD = "odd_period"
    ODD_FROM = "odd_from"
    ODD_TO = "odd_to"
    BACKWARDS = "backwards"
    TOO_LONG = "too_long"
    ODD_COMPARE = "odd_compare"


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` until just before `last`, on the wall clock of `zone` (naive). `preset`: None for own bounds."""

    first: datetime
    last: datetime
    zone: ZoneInfo
    preset: Preset | None = None

    @property
    def start(self) -> datetime:
        """The UTC hour it begins with: figures are kept by UTC hours, so that zones off by half an hour are rounded
        down, and nothing of a day that has just begun is left out."""
        return to_hour(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return to_hour(self.last, self.zone)

    @property
    def is_rounded(self) -> bool:
        """Whether the zone's hours are not those of the figures."""
        return any(to_utc(wall, self.zone).minute for wall in (self.first, self.last))

    @property
    def weeks(self) -> int:
        """How many weeks back the previous period lies: as few as keep the weekdays and do not overlap."""
        return max(1, -(-(self.last - self.first) // WEEK))

    def is_running(self, now: datetime) -> bool:
        return self.start <= now < self.end

    def previous(self, now: datetime) -> Period:
        """The same weekdays before; of a period that is still running, the part whose hours are over by now."""
        over = to_wall(hour_of(now), self.zone)
        last = min(self.last, max(self.first, over)) if self.is_running(now) else self.last
        return replace(self, first=self.first - self.weeks * WEEK, last=last - self.weeks * WEEK)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL asks for, made good; `problems` are what was wrong with it."""

    period: Period
    compare: Compare
    problems: tuple[Problem, ...] = ()


def asked(
    now: datetime, zone: ZoneInfo, *, period: str = "", start: str = "", end: str = "", compare: str = ""
) -> Asked:
    """From the texts of a URL. `start` and `end` (a date, or a date and time) win over the name of a period; an end
    without a time includes its day, one with a time is exclusive. What makes no sense falls back to the last 7 days."""
    problems: list[Problem] = []
    found = _custom(now, zone, start, end) if start or end else _preset(now, zone, period)
    if isinstance(found, Problem):
        problems.append(found)
        found = preset(DEFAULT, now, zone)
    if compare not in ("", *Compare):
        problems.append(Problem.ODD_COMPARE)
    chosen = Compare(compare) if compare in tuple(Compare) else Compare.PREVIOUS
    return Asked(found, chosen, tuple(problems))


def preset(name: Preset, now: datetime, zone: ZoneInfo) -> Period:
    """A period by its name, as of now."""
    return Period(*days_of(name, now, zone), zone, name)


def _preset(now: datetime, zone: ZoneInfo, name: str) -> Period | Problem:
    if not name:
        return preset(DEFAULT, now, zone)
    return preset(Preset(name), now, zone) if name in tuple(Preset) else Problem.ODD_PERIOD


def _custom(now: datetime, zone: ZoneInfo, start: str, end: str) -> Period | Problem:
    """One of the two may be missing: until the end of today, or the week before the end."""
    last = wall_time(end, zone, rounds_up=True) if end else preset(Preset.TODAY, now, zone).last
    if last is None:
        return Problem.ODD_TO
    first = wall_time(start, zone) if start else last - WEEK
    if first is None:
        return Problem.ODD_FROM
    found = Period(first, last, zone)
    if found.start >= found.end:
        return Problem.BACKWARDS
    return Problem.TOO_LONG if last - first > MAX_DAYS * DAY else found


def wall_time(text: str, zone: ZoneInfo, *, rounds_up: bool = False) -> datetime | None:
    """A date, or a time rounded to an hour of the figures, on the wall; None for what is neither. `rounds_up`: the end
    of a period, so that a date means the end of it."""
    found = read(text, of_end=rounds_up)
    if found is None or is_day(text):
        return found
    exact = to_utc(found, zone)
    hour = hour_of(exact)
    return to_wall(hour + HOUR if rounds_up and hour < exact else hour, zone)


def to_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows then; of an hour that comes twice, `fold` tells which."""
    return moment.astimezone(zone).replace(tzinfo=None)


def to_hour(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC hour that a time on the wall lies in."""
    return hour_of(to_utc(wall, zone))


def iso(moment: datetime, zone: ZoneInfo) -> str:
    """For a URL: the time on the wall, with its offset only where the clock shows it twice. `asked` reads it back."""
    local = moment.astimezone(zone)
    is_twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return local.isoformat(timespec="minutes") if is_twice else to_wall(moment, zone).isoformat(timespec="minutes")
