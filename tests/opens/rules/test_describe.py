"""New user agents are described by the ticker, and the opens that wait for it; the figures follow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, update

from app.core.db import begin_write, connect_to_write, transaction
from app.core.runtime import runtime
from app.opens.models import Open, OpenSliceDay, UserAgent
from app.opens.rules.agents import agent_id
from app.opens.rules.describe import describe_new
from tests.opens.opens_fixtures import CRAWLER, GMAIL, IPHONE, THUNDERBIRD, account_of, asked, opens, record, recount

AGENTS = (GMAIL, IPHONE, THUNDERBIRD, CRAWLER, "")


@pytest.fixture
def engine(app: Flask) -> Engine:
    record(app, [asked(f"FAT{number}", agent=AGENTS[number % 5]) for number in range(40)])
    return runtime(app).engine


def assert_figures(app: Flask) -> None:
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))


def undescribed(engine: Engine) -> int:
    with engine.connect() as connection:
        found = select(func.count()).select_from(Open).where(Open.client.is_(None))
        return connection.scalar(found) or 0


def test_agents_opens_and_figures_are_told_at_once_and_only_once(app: Flask, engine: Engine) -> None:
    assert describe_new(engine) == len(AGENTS) + 40
    assert describe_new(engine) == 0
    assert_figures(app)

    told = {(row.client, row.device) for row in opens(app)}
    assert told == {
        ("Gmail", "unknown"), ("Apple Mail", "phone"), ("Thunderbird", "computer"), ("Googlebot", "unknown"),
        ("Unknown", "unknown"),
    }  # fmt: skip
    with engine.connect() as connection:
        gmail = select(func.sum(OpenSliceDay.opens)).where(OpenSliceDay.client == "Gmail")
        nobody = select(func.sum(OpenSliceDay.opens)).where(OpenSliceDay.client == "")
        assert (connection.scalar(gmail), connection.scalar(nobody)) == (8, 0)
        assert connection.scalar(select(func.count()).where(UserAgent.os.is_(None))) == 0


def test_what_a_writer_left_undescribed_is_found_by_a_later_round(app: Flask, engine: Engine) -> None:
    """As by one that read the agent before it was described."""
    with begin_write(engine) as connection:
        described = update(UserAgent).where(UserAgent.id == agent_id(GMAIL))
        connection.execute(described.values(client="Gmail", os="", device="unknown"))

    assert describe_new(engine, limit=1) > 0  # the rest of the agents one by one
    while describe_new(engine, limit=1):
        pass
    assert undescribed(engine) == 0
    assert_figures(app)


def test_new_opens_of_a_known_agent_are_described_when_they_are_written(app: Flask, engine: Engine) -> None:
    describe_new(engine)
    record(app, [asked("FAT900", agent=IPHONE)])
    assert undescribed(engine) == 0
    assert_figures(app)


def test_rounds_at_the_same_time_and_writers_do_not_count_twice(app: Flask, engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        rounds = [pool.submit(describe_new, engine) for _number in range(3)]
        pool.submit(record, app, [asked(f"FAT{number}", agent=IPHONE) for number in range(60)]).result()
        for one in rounds:
            one.result()
    while describe_new(engine):
        pass
    assert undescribed(engine) == 0
    assert_figures(app)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_round_waits_for_no_writer(app: Flask, engine: Engine) -> None:
    with connect_to_write(engine) as connection, transaction(connection):
        connection.execute(update(Open).where(Open.ref == "FAT1").values(hits=Open.hits))
        describe_new(engine)
        assert undescribed(engine) == 1
    assert describe_new(engine) == 1
    assert undescribed(engine) == 0
    assert_figures(app)
