"""What the nightly clean-up removes, and what it keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from app.accounts.models import Account, AuditEntry
from app.core import clock, partitions
from app.core.db import begin_write, write
from app.core.ids import uuid7
from app.core.models import CronRun, Heartbeat
from app.outbound.models import Attempt, Delivery, Status
from app.tracking.models import EventKey, TrackedEvent
from app.work import retention
from app.work.aging import rules_of_accounts
from app.work.purge import Rule, delete_rows, purge

DAY = timedelta(days=1)


@pytest.fixture
def kwai(make_pixel):
    return make_pixel("kwai")


@pytest.fixture
def owe_long_ago(ledger, kwai, travel):
    """`owe_long_ago(days, status)`: an event of that age with its delivery and one attempt."""

    def owe(days, status=Status.DONE):
        travel(-days * DAY)
        if not ledger.engine.url.drivername.startswith("sqlite"):
            with ledger.engine.begin() as connection:
                for table in partitions.PARTITIONED:
                    partitions.ensure(connection, table, clock.now(), months_ahead=0)
        (id,) = ledger.owe(kwai, status=status)
        row = ledger.delivery(id)
        values = {
            "account_id": row.account_id, "created_at": row.created_at, "id": uuid7(), "delivery_id": id, "n": 1,
            "started_at": row.created_at, "duration_ms": 1, "outcome": "sent",
        }  # fmt: skip
        with begin_write(ledger.engine) as connection:
            connection.execute(insert(Attempt), values)
        travel(days * DAY)
        return id

    return owe


def count(ledger, model):
    with ledger.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model))


def test_what_is_older_than_the_retention_goes(app, ledger, owe_long_ago):
    owe_long_ago(430)
    kept = owe_long_ago(300)

    removed = retention.clean_up(app)

    assert [row.id for row in ledger.deliveries()] == [kept]
    assert (count(ledger, TrackedEvent), count(ledger, Attempt), removed["delivery"]) == (1, 1, 1)
    assert retention.clean_up(app)["delivery"] == 0


def test_open_deliveries_outlive_their_age(app, ledger, owe_long_ago):
    waiting = owe_long_ago(430, Status.PENDING)
    owe_long_ago(430, Status.DEAD)

    retention.clean_up(app)

    assert [row.id for row in ledger.deliveries()] == [waiting]


def test_a_dry_run_tells_what_would_go_and_removes_nothing(app, ledger, owe_long_ago, settings):
    owe_long_ago(430)
    owe_long_ago(430, Status.PENDING)
    owe_long_ago(300)

    told = {old.table: old for old in retention.preview(app)}
    removed = retention.clean_up(app)

    by_month = {"tracked_event": 2, "attempt": 2, "delivery": 1}
    assert {table: told[table].rows for table in by_month} == by_month
    assert timedelta(days=429) < clock.now() - told["tracked_event"].oldest < timedelta(days=431)
    assert {table: len(old.partitions) or old.rows for table, old in told.items()} == removed
    assert count(ledger, TrackedEvent) == 1


def test_the_command_speaks_of_what_it_does(app, ledger, owe_long_ago):
    owe_long_ago(430)
    run = app.test_cli_runner().invoke

    dry, wet, empty = (run(args=["retention", *more]) for more in (["--dry-run"], [], []))

    assert "Nothing was removed" in dry.output
    assert "delivery 1" in wet.output
    assert (wet.exit_code, empty.output.splitlines()[-1]) == (0, "Removed: nothing")


def test_postgresql_drops_whole_months(app, ledger, owe_long_ago, settings):
    owe_long_ago(430)
    with ledger.engine.connect() as connection:
        before = partitions.names(connection, "tracked_event")

    retention.clean_up(app)

    with ledger.engine.connect() as connection:
        after = partitions.names(connection, "tracked_event")
    assert (len(before) - len(after)) == (0 if settings.is_sqlite else 1)


def test_partitions_are_made_ahead(app, ledger, settings, travel):
    travel(62 * DAY)

    retention.clean_up(app)

    with ledger.engine.connect() as connection:
        names = partitions.names(connection, "attempt")
    expected = f"attempt_p{partitions.month_after(partitions.month_of(clock.now())):%Y%m}"
    assert (expected in names) is not settings.is_sqlite


def test_expired_keys_go_wherever_they_are_in_the_table(app, ledger, kwai):
    now = clock.now()
    account = ledger.target(kwai).account_id
    keys = [
        {"account_id": account, "client_id": uuid7(), "key_hash": f"{n:064x}", "event_id": uuid7(), "body_hash": "x",
         "expires_at": now + (DAY if n % 3 else -DAY)}
        for n in range(4500)
    ]  # fmt: skip
    with begin_write(ledger.engine) as connection:
        connection.execute(insert(EventKey), keys)

    assert retention.clean_up(app)["event_key"] == 1500
    assert count(ledger, EventKey) == 3000


def test_old_runs_and_silent_processes_go(app, ledger):
    now = clock.now()
    with begin_write(ledger.engine) as connection:
        connection.execute(insert(CronRun), [
            {"name": "retention", "due_at": now - age * DAY, "started_at": now} for age in (1, 40)
        ])  # fmt: skip
        connection.execute(insert(Heartbeat), [
            {"process": f"p{age}", "kind": "jobs", "seen_at": now - age * DAY} for age in (0, 2)
        ])  # fmt: skip

    removed = retention.clean_up(app)

    assert (removed["cron_run"], removed["heartbeat"]) == (1, 1)


def test_a_row_that_changes_after_the_walk_saw_it_stays(app, ledger, owe_long_ago):
    id = owe_long_ago(430)
    row = ledger.delivery(id)
    final = Rule(Delivery, Delivery.status.in_([Status.DONE]), Delivery.created_at)
    ledger.change(Delivery, id, status=Status.PENDING)  # a replay came in between

    assert delete_rows(ledger.engine, final, [(row.account_id, id)]) == 0
    assert count(ledger, Delivery) == 1


@pytest.fixture
def keep(app):
    """`keep(account_id, days)`: how long an account keeps things."""

    def say(account_id, days):
        with app.app_context(), write() as store:
            store.get_one(Account, account_id).retention_days = days

    return say


def audit_long_ago(ledger, account_id, days):
    at = clock.now() - days * DAY
    with begin_write(ledger.engine) as connection:
        entry = {"account_id": account_id, "created_at": at, "id": uuid7(), "actor": "a", "action": "pixel.updated"}
        connection.execute(insert(AuditEntry), entry)


def audited_days(ledger, now):
    with ledger.engine.connect() as connection:
        made = connection.scalars(select(AuditEntry.created_at).where(AuditEntry.actor == "a"))
        return sorted((now - at).days for at in made)


def test_an_account_that_keeps_less_loses_it_sooner_and_nobody_else(
    app, ledger, owe_long_ago, kwai, keep, other_account
):
    mine = ledger.target(kwai).account_id
    old, waiting, young = owe_long_ago(70), owe_long_ago(70, Status.PENDING), owe_long_ago(50)
    for account_id in (mine, other_account.account_id):
        audit_long_ago(ledger, account_id, 70)
    keep(other_account.account_id, 30)
    assert not [old for old in retention.preview(app) if old.whose and old.rows]
    keep(mine, 60)

    told = {one.table: one.rows for one in retention.preview(app) if one.whose is not None and one.rows}
    output = app.test_cli_runner().invoke(args=["retention", "--dry-run"]).output
    removed = retention.clean_up(app)

    expected = {"delivery": 1, "tracked_event": 2, "attempt": 2}
    assert told == expected
    assert "keeps 60 days; its audit log 365 at least." in output
    own = {name.removesuffix(" of accounts that keep less"): n for name, n in removed.items() if " of accounts" in name}
    assert {table: rows for table, rows in own.items() if rows} == expected
    assert sorted(row.id for row in ledger.deliveries()) == sorted([waiting, young])
    assert (count(ledger, TrackedEvent), audited_days(ledger, clock.now())) == (1, [70, 70])
    assert old not in [waiting, young]


def test_an_account_never_cuts_its_audit_log_under_a_year(app, ledger, kwai, keep, make_settings, database_url):
    account_id = ledger.target(kwai).account_id
    for days in (300, 380, 420):
        audit_long_ago(ledger, account_id, days)
    long = make_settings(database_url=database_url, retention_days=730)
    now = clock.now()

    gone = []
    for days in (400, 30):
        keep(account_id, days)
        own = rules_of_accounts(ledger.engine, long, now)
        gone.append(sum(purge(ledger.engine, rule) for rule in own if rule.table == "audit_entry"))

    assert gone == [1, 1]
    assert audited_days(ledger, now) == [300]  # younger than a year
