"""The figures of a funnel by their definitions, in plain Python, from what the cards were after each step."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import mean, median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.funnels.figures.lives import Seen


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def whole(at: datetime) -> int:
    return int(at.replace(microsecond=0).timestamp())


@dataclass
class Truth:
    """`owner`: an id, None for nobody, or ... for everybody. `stages` are the kept ones from left to right: id, kind,
    chance."""

    seen: list[Seen]
    stages: list[tuple[UUID, str, int]]
    owner: Any
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        self.lives: dict[UUID, list[Seen]] = defaultdict(list)
        for one in self.seen:
            self.lives[one.card].append(one)
        self.open = [id_ for id_, kind, _chance in self.stages if kind == "open"]

    def mine(self, owner: UUID | None) -> bool:
        return self.owner is ... or owner == self.owner

    def within(self, one: Seen) -> bool:
        return self.start <= one.at < self.end

    def entries(self, life: list[Seen]) -> list[Seen]:
        return [one for number, one in enumerate(life) if number == 0 or life[number - 1].stage != one.stage]

    def flow(self, stage: UUID) -> tuple[int, int, int]:
        entered = went_on = lost = 0
        right = self.open[self.open.index(stage) + 1 :]
        for life in self.lives.values():
            entries = [one for one in self.entries(life) if self.within(one)]
            firsts = [n for n, one in enumerate(entries) if one.stage == stage and self.mine(one.owner)]
            if firsts:
                later = entries[firsts[0] + 1 :]
                entered += 1
                went_on += any(one.state == "won" or one.stage in right for one in later)
                lost += any(one.state == "lost" for one in later)
        return entered, went_on, lost

    def at_end(self, life: list[Seen], end: datetime) -> Seen | None:
        before = [one for one in life if one.at < end]
        return before[-1] if before else None

    def cohort(self) -> tuple[int, int]:
        made = [life for life in self.lives.values() if self.within(life[0]) and self.mine(life[0].owner)]
        last = [self.at_end(life, self.end) for life in made]
        return len(made), sum(one is not None and one.state == "won" for one in last)

    def stays(self, stage: UUID) -> tuple[int, float, float] | None:
        found = []
        for life in self.lives.values():
            for was, one in pairwise(life):
                left = was.stage == stage != one.stage and one.verb != "restore"
                if left and self.within(one) and self.mine(one.owner):
                    found.append(int((one.entered - was.entered).total_seconds()))
        return (len(found), mean(found), median(found)) if found else None

    def on_board(self) -> list[Seen]:
        lasts = [life[-1] for life in self.lives.values()]
        return [one for one in lasts if not one.removed and self.mine(one.owner)]

    def standing(self, stage: UUID, now: datetime) -> tuple[int, float] | None:
        there = [whole(now) - whole(one.entered) for one in self.on_board() if one.stage == stage]
        return (len(there), mean(there)) if there else None

    def open_value(self, end: datetime) -> Decimal:
        lasts = [self.at_end(life, end) for life in self.lives.values()]
        return sum(
            (one.value for one in lasts if one and one.state == "open" and not one.removed and self.mine(one.owner)),
            Decimal(0),
        )

    def closings(self) -> list[Seen]:
        found = []
        for life in self.lives.values():
            turns = [one for n, one in enumerate(life) if n == 0 or life[n - 1].state != one.state]
            last = self.at_end(turns, self.end)
            if last and last.state != "open" and self.within(last) and self.mine(last.owner):
                found.append(last)
        return found

    def outcome(self, closings: list[Seen]) -> dict[str, tuple[int, Decimal, int]]:
        return {
            state: (
                len(own := [one for one in closings if one.state == state]),
                sum((one.value for one in own), Decimal(0)),
                sum(whole(one.at) - whole(one.created) for one in own),
            )
            for state in ("won", "lost")
        }

    def won_on(self, day: date, zone: ZoneInfo) -> Decimal:
        own = [one for one in self.closings() if one.state == "won" and one.at.astimezone(zone).date() == day]
        return sum((one.value for one in own), Decimal(0))

    def forecast(self, today: date) -> list[tuple[int, Decimal, Decimal]]:
        chance = {id_: chance for id_, _kind, chance in self.stages}
        months = [(today.year + (today.month - 1 + n) // 12, (today.month - 1 + n) % 12 + 1) for n in range(6)]

        def place(day: date | None) -> int:
            if day is None:
                return 8
            if day < today:
                return 0
            month = (day.year, day.month)
            return months.index(month) + 1 if month in months else 7

        groups: dict[int, list[Seen]] = defaultdict(list)
        for one in self.on_board():
            if one.state == "open":
                groups[place(one.expected)].append(one)
        return [
            (
                len(groups[n]),
                sum((one.value for one in groups[n]), Decimal(0)),
                sum((one.value * chance[one.stage] / 100 for one in groups[n]), Decimal(0)).quantize(
                    Decimal("0.01"), ROUND_HALF_UP
                ),
            )
            for n in range(9)
        ]


def days_between(first: date, last: date, today: date) -> list[date]:
    return [day for n in range((last - first).days + 1) if (day := first + timedelta(days=n)) <= today]
