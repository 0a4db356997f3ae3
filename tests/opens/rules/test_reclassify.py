"""History judged anew: every figure is afterwards what a recount of the opens gives."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import delete, insert, select, update

from app.core import clock, jobs
from app.core.db import begin_write, db, write
from app.core.ids import uuid7
from app.core.models import Job
from app.core.runtime import runtime
from app.opens.mailings.models import MailedId, Mailing, MailingDelay
from app.opens.models import Open, OpenedId, UserAgent
from app.opens.recording.strangers import OTHER
from app.opens.rules import reclassify
from app.opens.rules import settings as open_settings
from app.opens.rules.agents import agent_id
from app.opens.rules.cli import reclassify_opens
from app.opens.rules.describe import describe_new
from app.opens.rules.models import OpenRule, OpenSettings
from app.opens.rules.moved import give
from tests.opens.opens_fixtures import (
    APPLE,
    CRAWLER,
    GMAIL,
    IPHONE,
    OUTLOOK,
    THUNDERBIRD,
    account_of,
    asked,
    opens,
    record,
    recount,
)

START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
AGENTS = (OUTLOOK, THUNDERBIRD, IPHONE, GMAIL, APPLE, CRAWLER, "")
ADDRESSES = ("203.0.113.7", "203.0.113.200", "198.51.100.4", "2001:db8::1")


def history(count: int = 120, ids: int = 25, seed: int = 3) -> list[Any]:
    chance = random.Random(seed)
    times = sorted(START + timedelta(seconds=chance.randrange(3 * 86_400)) for _number in range(count))
    return [
        asked(
            f"FAT{chance.randrange(ids)}",
            chance.choice(("logo.png", "banner.png")),
            at=at,
            agent=chance.choice(AGENTS),
            address=chance.choice(ADDRESSES),
        )
        for at in times
    ]


def own_rule(app: Flask, kind: str, pattern: str, open_class: str) -> UUID:
    """Straight into the tables, as a person's change leaves them."""
    with begin_write(runtime(app).engine) as connection:
        open_settings.make(connection, runtime(app).vault, account_of(app))
        row = {"id": uuid7(), "account_id": account_of(app), "kind": kind, "pattern": pattern, "note": ""}
        connection.execute(insert(OpenRule).values(**row, open_class=open_class, created_at=clock.now()))
        connection.execute(update(OpenSettings).values(rules_version=OpenSettings.rules_version + 1))
    return row["id"]  # type: ignore[return-value]


def run(app: Flask) -> str:
    """`flask reclassify-opens`, by its command."""
    done = app.test_cli_runner().invoke(reclassify_opens, [])
    assert done.exit_code == 0, done.output
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))
    return done.output


def classes(app: Flask) -> list[tuple[str, str, str]]:
    return [(row._mapping["class"], row.reason, row.rule_version) for row in opens(app)]


def test_figures_are_those_of_a_recount_after_every_change_of_the_rules(app: Flask) -> None:
    record(app, history())
    describe_new(runtime(app).engine)
    before = classes(app)
    assert f"{len(before)} opens looked at, 0 changed" in run(app)

    thunderbird = own_rule(app, "agent", "Thunderbird", "bot")
    run(app)
    assert f"own:{thunderbird.hex[-8:]}" in {now[1] for now in classes(app) if now[0] == "bot"}

    own_rule(app, "agent", "Googlebot", "human")
    own_rule(app, "network", "203.0.113.0/24", "bot")
    run(app)
    inside = {row._mapping["class"] for row in opens(app) if row.address == "203.0.113.0"}
    assert inside == {"bot"}
    assert "0 changed" in run(app)

    with begin_write(runtime(app).engine) as connection:
        connection.execute(delete(OpenRule).where(OpenRule.id == thunderbird))
        connection.execute(delete(OpenRule).where(OpenRule.kind == "agent"))
        connection.execute(update(OpenSettings).values(rules_version=9))
    run(app)
    outside = [
        (old[0], now[0])
        for old, now, row in zip(before, classes(app), opens(app), strict=True)
        if row.address != "203.0.113.0"
    ]
    assert [pair for pair in outside if pair[0] != pair[1]] == []


def test_the_first_open_moves_to_the_earliest_that_counts_and_back(app: Flask) -> None:
    at = [START + timedelta(hours=hours) for hours in range(4)]
    agents = (CRAWLER, THUNDERBIRD, IPHONE, THUNDERBIRD)
    record(app, [asked("FAT1", at=when, agent=agent) for when, agent in zip(at, agents, strict=True)])

    def standing() -> tuple[Any, ...]:
        with runtime(app).engine.connect() as connection:
            row = connection.execute(select(OpenedId).where(OpenedId.ref == "FAT1")).one()
            firsts = [row.created_at for row in opens(app) if row.is_first]
        return row.views, row.automatic, row.first_at, row.last_at, firsts

    assert standing() == (3, 1, at[1], at[3], [at[1]])
    own_rule(app, "agent", "Thunderbird", "prefetch")
    run(app)
    assert standing() == (1, 3, at[2], at[2], [at[2]])
    own_rule(app, "agent", "iPhone", "bot")
    run(app)
    assert standing() == (0, 4, None, None, [])
    own_rule(app, "agent", "Googlebot", "image_proxy")
    run(app)
    assert standing() == (1, 3, at[0], at[0], [at[0]])


def test_an_id_whose_first_opens_were_purged_keeps_when_it_was_first_opened(app: Flask) -> None:
    long_ago = START - timedelta(days=200)
    record(app, [asked("FAT1", at=when, agent=THUNDERBIRD) for when in (long_ago, START)])
    with begin_write(runtime(app).engine) as connection:
        connection.execute(delete(Open).where(Open.created_at < START))
    own_rule(app, "agent", "Thunderbird", "bot")
    assert app.test_cli_runner().invoke(reclassify_opens, []).exit_code == 0
    with runtime(app).engine.connect() as connection:
        row = connection.execute(select(OpenedId)).one()
    assert (row.views, row.automatic, row.first_at, row.last_at) == (1, 1, long_ago, long_ago)
    assert [row.is_first for row in opens(app)] == [False]


def test_verdicts_that_rest_on_what_was_not_kept_stay(app: Flask) -> None:
    own_rule(app, "network", "203.0.113.7", "bot")
    own, other = "203.0.113.7", "203.0.113.8"
    hits = [
        asked("FAT1", address=own),
        asked("FAT2", address=other),
        asked("FAT3", address=other, is_ahead=True),
        asked("FAT4", address="198.51.100.1", agent=THUNDERBIRD),
        asked("FAT5", address=other, agent=CRAWLER, is_ahead=True),
    ]
    record(app, hits)
    with begin_write(runtime(app).engine) as connection:  # the flood's agent, of which the text is not kept
        row = {"id": agent_id(OTHER), "text": OTHER, "first_seen_at": START}
        connection.execute(insert(UserAgent).values(**row))
        connection.execute(update(Open).where(Open.ref == "FAT4").values(agent_id=agent_id(OTHER)))
    before = classes(app)
    with begin_write(runtime(app).engine) as connection:
        connection.execute(delete(OpenRule))
        connection.execute(update(OpenSettings).values(rules_version=5))
    run(app)

    after = classes(app)
    assert [one[:2] for one in after] == [one[:2] for one in before]
    assert [one[1] for one in after] == ["internal", "no_rule", "ahead_header", "no_rule", "ahead_header"]
    assert [one[2] for one in after] == ["1.1", "1.5", "1.5", "1.1", "1.5"]


def test_a_whole_address_is_judged_by_every_network(app: Flask) -> None:
    with begin_write(runtime(app).engine) as connection:
        open_settings.make(connection, runtime(app).vault, account_of(app))
        connection.execute(update(OpenSettings).values(addresses="full"))
    record(app, [asked("FAT1", address="203.0.113.7"), asked("FAT2", address="2001:db8::8")])
    own_rule(app, "network", "203.0.113.7/32", "bot")
    own_rule(app, "network", "2001:db8::8", "prefetch")
    run(app)
    assert [one[:2] for one in classes(app)] == [("bot", "internal"), ("prefetch", "internal")]


def test_history_moves_while_opens_are_recorded_and_described(app: Flask) -> None:
    record(app, history(200, 20))
    own_rule(app, "agent", "Thunderbird", "bot")
    own_rule(app, "agent", "Googlebot", "human")
    later = [asked(f"FAT{number % 20}", agent=AGENTS[number % 7], address=ADDRESSES[0]) for number in range(120)]
    with ThreadPoolExecutor(4) as pool:
        work: list[Future[Any]] = [pool.submit(_in_parts, app, later[start::2]) for start in (0, 1)]
        work += [pool.submit(_move_all, app), pool.submit(describe_new, runtime(app).engine)]
        for done in work:
            done.result()
    describe_new(runtime(app).engine)
    run(app)
    assert {row._mapping["class"] for row in opens(app) if row.agent_id == agent_id(THUNDERBIRD)} == {"bot"}


def _in_parts(app: Flask, hits: list[Any]) -> None:
    for start in range(0, len(hits), 10):
        record(app, hits[start : start + 10])


def _move_all(app: Flask) -> None:
    engine = runtime(app).engine
    for look in reclassify.looks(engine, account_of(app), clock.now()):
        for verdicts in look.parts:
            with begin_write(engine) as connection:
                give(connection, account_of(app), verdicts)


def test_mailings_follow(app: Flask) -> None:
    at = [START + timedelta(hours=hours) for hours in (1, 30)]
    with app.app_context(), write() as session:
        mailing = Mailing(
            account_id=account_of(app), name="Novembro", starts_at=START, ends_at=START + timedelta(days=9),
            listed=1, created_at=START, updated_at=START,
        )  # fmt: skip
        session.add(mailing)
        session.flush()
        row = {"account_id": account_of(app), "ref": "FAT1", "mailing_id": mailing.id, "sent_at": START}
        session.execute(insert(MailedId).values(**row))
    record(app, [asked("FAT1", at=at[0], agent=THUNDERBIRD), asked("FAT1", at=at[1], agent=IPHONE)])

    def mailed() -> tuple[Any, dict[int, int]]:
        with runtime(app).engine.connect() as connection:
            delays = connection.execute(select(MailingDelay.bucket, MailingDelay.ids).where(MailingDelay.ids != 0))
            return connection.scalar(select(MailedId.opened_at)), {row.bucket: row.ids for row in delays}

    assert mailed() == (at[0], {1: 1})
    own_rule(app, "agent", "Thunderbird", "bot")
    run(app)
    assert mailed() == (at[1], {5: 1})
    own_rule(app, "agent", "iPhone", "bot")
    run(app)
    assert mailed() == (None, {})
    record(app, [asked("FAT1", at=at[1] + timedelta(hours=1), agent=OUTLOOK)])
    assert mailed() == (at[1] + timedelta(hours=1), {5: 1})


def test_the_long_task_goes_on_where_it_was_and_says_what_it_did(app: Flask) -> None:
    record(app, history(1100, 80))
    own_rule(app, "agent", "iPhone", "bot")
    state, stored = runtime(app), opens(app)
    half = {"at": stored[299].created_at.isoformat(), "id": str(stored[299].id), "moved": 300}
    with begin_write(state.engine) as connection:
        whole = jobs.start(connection, account_id=account_of(app), kind=reclassify.KIND, params={})
        broken = jobs.start(connection, account_id=account_of(app), kind=reclassify.KIND, params={})
        cursor = {"until": clock.now().isoformat(), **half}
        connection.execute(update(Job).where(Job.id == broken).values(cursor=cursor, total=len(stored)))
    jobs.run(state, broken)
    assert _counted_versions(app) == {"1.0": 300, "1.1": len(stored) - 300}
    jobs.run(state, whole)

    with app.app_context():
        first, rest = db.session.get_one(Job, whole), db.session.get_one(Job, broken)
        assert (first.state, first.total, first.done, first.result) == ("done", 1100, 1100, {"moved": 300})
        assert (rest.state, rest.done, rest.result) == ("done", 800, {"moved": 1100})
        assert "300" in jobs.kind_of(first.kind)(state).words(first)
        db.session.remove()
    with state.engine.connect() as connection:
        recount(connection, account_of(app))


def _counted_versions(app: Flask) -> dict[str, int]:
    return Counter(version for *_rest, version in classes(app))
