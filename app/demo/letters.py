"""The mails of a month and the loads of their images: the same from the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import log
from random import Random

from app.demo.cast import DemoAccount, DemoMailing
from app.demo.month import ZONE, moments
from app.demo.readers import (
    APPLE_AHEAD,
    GMAIL,
    GMAIL_AHEAD,
    MACHINES,
    OFFICE,
    PASSED_ON,
    PROGRAMS,
    Reader,
    somebody,
)

GATEWAYS, APPLE = "203.0.113.0", "192.0.2.0"  # networks, as stored
OLD_LOGO = "logo-antigo.png"  # of a template that nobody updated
UNRENDERED = "{{id_fatura}}"
FIRST_LOOK_H, AGAIN_H = 8.0, 30.0  # medians
AGAIN, MOST_VIEWS = 0.55, 12
DESKS = tuple(each for each in PROGRAMS if each.is_desk)


@dataclass(slots=True)
class Load:
    """One request for an image; `ref` is the id in its address, empty for none."""

    at: datetime
    ref: str
    file: str
    agent: str
    network: str
    referer: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A mailing that went out: when, to which ids."""

    mailing: DemoMailing
    at: datetime
    refs: list[str]


@dataclass(slots=True)
class Post:
    """What a company sent, and what was loaded of it."""

    sent: list[Sent] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)


def post(random: Random, cast: DemoAccount, count: int, now: datetime) -> Post:
    """Some `count` mails of one company."""
    made, number = Post(), 100_000
    for mailing in cast.mailings:
        at = _sent_at(mailing, now)
        refs = _unopened(made, mailing.after, at) if mailing.after else []
        for _ in range(round(count * mailing.share)):
            number += random.randrange(1, 4)
            refs.append(f"{mailing.prefix}{number}")
        made.sent.append(Sent(mailing, at, refs))
        for ref in refs:
            made.loads += _until(now, _reading(random, ref, at, mailing.files, mailing.rate))
        made.loads += _trials(random, mailing, at)
    prefix, share, files = cast.daily
    for at in _moments(random, round(count * share), now):
        number += random.randrange(1, 4)
        made.loads += _until(now, _reading(random, f"{prefix}{number}", at, files, 0.85))
    made.loads += _mistakes(random, cast, count, now)
    made.loads.sort(key=lambda load: load.at)
    return made


def _sent_at(mailing: DemoMailing, now: datetime) -> datetime:
    """Invoices go out on working days."""
    local = (now.astimezone(ZONE) - timedelta(days=mailing.days_ago)).replace(
        hour=mailing.hour, minute=0, second=0, microsecond=0
    )
    while mailing.prefix == "FAT2026" and local.weekday() >= 5:
        local -= timedelta(days=1)
    return local.astimezone(UTC)


def _unopened(made: Post, name: str, at: datetime) -> list[str]:
    """The ids of an earlier mailing that nobody has loaded so far, but machines."""
    machines = {*MACHINES, PASSED_ON, APPLE_AHEAD, GMAIL_AHEAD}
    opened = {load.ref for load in made.loads if load.agent not in machines and load.at < at}
    earlier = next(sent for sent in made.sent if sent.mailing.name == name)
    return [ref for ref in earlier.refs if ref not in opened]


def _moments(random: Random, count: int, now: datetime) -> list[datetime]:
    """Within the 28 days that a page compares with those before, of which there is nothing."""
    midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return [at for at in moments(random, count, now) if at >= midnight - timedelta(days=27)]


def _until(now: datetime, loads: Iterator[Load]) -> Iterator[Load]:
    last = now - timedelta(seconds=20)
    return (load for load in loads if load.at < last)


# -- one mail ---------------------------------------------------------------------------------------------------------


def _reading(random: Random, ref: str, sent_at: datetime, files: Sequence[str], rate: float) -> Iterator[Load]:
    reader = somebody(random)
    if random.random() < 0.07:
        yield from _scanned(random, ref, sent_at, files)
    if reader.program.is_ahead:
        yield from _fetched_ahead(random, ref, sent_at, files, reader)
        if random.random() > 0.12:
            return
        reader = somebody(random, DESKS)  # who also reads at work
    elif reader.agent == GMAIL and random.random() < 0.06:
        yield Load(_after_s(random, sent_at, 600), ref, files[0], GMAIL_AHEAD, reader.network)
    if random.random() < rate:
        yield from _read(random, ref, sent_at, files, reader)


def _read(random: Random, ref: str, sent_at: datetime, files: Sequence[str], reader: Reader) -> Iterator[Load]:
    at, median = sent_at, FIRST_LOOK_H
    for _ in range(MOST_VIEWS):
        at = _awake(random, reader, at, median)
        yield from _view(random, ref, at, files, reader)
        if random.random() > AGAIN:
            break
        median = AGAIN_H
    if random.random() < 0.006:
        yield Load(_after_s(random, at, 300), ref, files[0], PASSED_ON, "198.18.0.0")


def _view(random: Random, ref: str, at: datetime, files: Sequence[str], reader: Reader) -> Iterator[Load]:
    """All images of the mail, within a second or so; some programs fetch the first one twice."""
    for number, file in enumerate(files):
        moment = at + timedelta(milliseconds=random.randrange(40, 500) * number)
        yield Load(moment, ref, file, reader.agent, reader.network, reader.referer)
    if random.random() < 0.06:
        moment = at + timedelta(milliseconds=random.randrange(300, 6000))
        yield Load(moment, ref, files[0], reader.agent, reader.network, reader.referer)


def _fetched_ahead(random: Random, ref: str, sent_at: datetime, files: Sequence[str], reader: Reader) -> Iterator[Load]:
    """By Apple, whether or not anybody looks; some again when the phone was charged."""
    at = sent_at
    for chance, median_s in ((0.92, 2400), (0.3, 70_000)):
        if random.random() > chance:
            return
        at = _after_s(random, at, median_s)
        for number, file in enumerate(files):
            yield Load(at + timedelta(milliseconds=80 * number), ref, file, reader.agent, APPLE)


def _scanned(random: Random, ref: str, sent_at: datetime, files: Sequence[str]) -> Iterator[Load]:
    """By what guards a company's mail, in the first minute."""
    agent = random.choice(MACHINES)
    for _ in range(random.randrange(1, 4)):
        yield Load(_after_s(random, sent_at, 25), ref, random.choice(files), agent, GATEWAYS)


def _awake(random: Random, reader: Reader, since: datetime, median_h: float) -> datetime:
    """A moment after `since` when mail is read: at a desk in the morning, on a phone in the evening."""
    at = since
    for _ in range(16):
        at = since + timedelta(milliseconds=int(random.lognormvariate(log(median_h), 1.6) * 3_600_000))
        local = at.astimezone(ZONE)
        if reader.is_awake(random, local.hour, local.weekday()):
            break
    return at


def _after_s(random: Random, since: datetime, median_s: float) -> datetime:
    return since + timedelta(milliseconds=int(random.lognormvariate(log(median_s), 0.9) * 1000))


# -- what goes wrong --------------------------------------------------------------------------------------------------


def _trials(random: Random, mailing: DemoMailing, sent_at: datetime) -> Iterator[Load]:
    """Whoever sends looks first; the office's network counts as internal."""
    reader = somebody(random, DESKS)
    for number in range(4):
        at = sent_at - timedelta(minutes=55 - 11 * number)
        yield Load(at, f"TESTE-{mailing.days_ago}", mailing.files[0], reader.agent, OFFICE, reader.referer)


def _mistakes(random: Random, cast: DemoAccount, count: int, now: datetime) -> Iterator[Load]:
    """Ids left unrendered, mails passed on without one, and an image that is not there."""
    for mailing in cast.mailings:
        if mailing.counts_by and mailing.days_ago < 14:  # its first hours, until somebody saw it
            for _ in range(count // 80):
                reader = somebody(random)
                at = _after_s(random, _sent_at(mailing, now), 3000)
                yield from _until(now, iter([Load(at, UNRENDERED, mailing.files[0], reader.agent, reader.network)]))
    for at in _moments(random, count // 40, now):
        reader = somebody(random)
        ref = f"{cast.daily[0]}{random.randrange(90_000, 100_000)}" if random.random() < 0.6 else ""
        yield Load(at, ref, OLD_LOGO if ref else cast.images[0].file, reader.agent, reader.network)
