"""From loads to opens: judged, folded and counted by the rules of the recorder, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from uuid import UUID

from app.core.ids import uuid7_at
from app.core.rollup import hour_of
from app.demo.letters import Load
from app.opens.ids import is_unrendered
from app.opens.models import COUNTED, NO_IMAGE, MissReason, OpenClass
from app.opens.rules.agents import agent_id
from app.opens.rules.classify import OwnRules, Verdict, classify
from app.opens.rules.models import DEFAULT_FOLD_S

WINDOW = timedelta(seconds=DEFAULT_FOLD_S)
Miss = tuple[datetime, str, str]  # hour, reason, file


@dataclass(slots=True)
class Viewed:
    """One open as its row will say."""

    load: Load
    id: UUID
    agent_id: UUID
    image_id: UUID
    verdict: Verdict
    is_view: bool = True
    is_first: bool = False
    hits: int = 1

    @property
    def is_counted(self) -> bool:
        return self.is_view and self.verdict.open_class in COUNTED

    def is_viewing_of(self, load: Load) -> bool:
        """A proxy asks from many addresses."""
        if self.load.agent != load.agent or load.at - self.load.at > WINDOW:
            return False
        return self.load.network == load.network or self.verdict.open_class == OpenClass.IMAGE_PROXY


@dataclass(slots=True)
class Standing:
    """The row of one id. No flood is among them: no id leaves so many rows in an hour."""

    views: int = 0
    automatic: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_hit_at: datetime | None = None
    burst_hour: datetime | None = None
    burst: int = 0
    awaited: bool = False

    def add(self, one: Viewed) -> None:
        at, hour = one.load.at, hour_of(one.load.at)
        self.burst = self.burst + 1 if hour == self.burst_hour else 1
        self.burst_hour = hour
        if one.is_counted:
            self.views += 1
            self.first_at = self.first_at or at
            self.last_at = at
        else:
            self.automatic += one.is_view


@dataclass(slots=True)
class Month:
    """The opens of one company, oldest first, how each id stands, when each was opened, and what left no open."""

    opens: list[Viewed] = field(default_factory=list)
    standings: dict[str, Standing] = field(default_factory=dict)
    opened: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    misses: defaultdict[Miss, int] = field(default_factory=lambda: defaultdict(int))


def month_of(loads: Iterable[tuple[Load, int]], images: Mapping[str, UUID], own: OwnRules) -> Month:
    """Of loads in the order of time, each with 74 random bits for its id; `images` by file."""
    month = Month()
    recent: defaultdict[str, list[Viewed]] = defaultdict(list)
    verdict_of = _judging(own)
    for load, bits in loads:
        if load.file not in images:
            month.misses[hour_of(load.at), MissReason.UNKNOWN_FILE, load.file] += 1
        reason = _without_open(load)
        if reason is not None:
            month.misses[hour_of(load.at), reason, load.file] += 1
            continue
        before = recent[load.ref] = [one for one in recent[load.ref] if one.is_viewing_of(load)]
        standing = month.standings.setdefault(load.ref, Standing())
        same = next((one for one in before if one.load.file == load.file), None)
        if same is not None:
            same.hits += 1
        else:
            one = Viewed(
                load,
                uuid7_at(load.at, bits),
                agent_id(load.agent),
                images.get(load.file, NO_IMAGE),
                verdict_of(load.agent, load.network),
                is_view=not any(one.is_view for one in before),
            )
            _count(month, standing, one)
            before.append(one)
        standing.last_hit_at = load.at
    return month


def _without_open(load: Load) -> MissReason | None:
    if not load.ref:
        return MissReason.WITHOUT_ID
    return MissReason.UNRENDERED if is_unrendered(load.ref) else None


def _count(month: Month, standing: Standing, one: Viewed) -> None:
    one.is_first = one.is_counted and standing.first_at is None
    standing.add(one)
    if one.is_counted:
        month.opened[one.load.ref].append(one.load.at)
    month.opens.append(one)


def _judging(own: OwnRules) -> Callable[[str, str], Verdict]:
    @lru_cache(None)
    def verdict(agent: str, network: str) -> Verdict:
        return classify(agent, ip_address(network), False, own)

    return verdict
