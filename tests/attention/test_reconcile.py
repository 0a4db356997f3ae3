"""Reconciling: fan-out, two at once, checks that fail, patience, and nothing written when nothing changed."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import event, text

from app.attention.checks import Found, Severity
from app.attention.reconcile import Reconciler
from app.core import events
from tests.people import new_account

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def thing(kind="leak", account_id=None, severity=Severity.WARNING, subject="", **facts):
    return Found(account_id, kind, subject, severity, facts)


@pytest.fixture
def told():
    """Names of the events that were emitted, with the kind."""
    heard = []

    def listen(_connection, name, account_id, payload):
        heard.append((name, payload["kind"], account_id))

    for name in ("attention.raised", "attention.resolved"):
        events.subscribe(name, listen)
    yield heard
    for name in ("attention.raised", "attention.resolved"):
        events.unsubscribe(name, listen)


def test_what_concerns_all_is_raised_for_each_account(app, desk, register, told):
    stranger = new_account(app)
    found = [thing(n=1)]
    register("test", ("leak",), lambda _look: found)

    assert {row.account_id for row in desk.look()} >= {stranger}
    assert len(desk.open()) == 2
    found.clear()
    assert desk.look() == []

    assert [name for name, _kind, _account in told] == ["attention.raised"] * 2 + ["attention.resolved"] * 2


def test_facts_and_severity_follow_and_the_beginning_stays(desk, register):
    found = [thing(n=1)]
    register("test", ("leak",), lambda _look: found)
    (before,) = desk.look()

    found[:] = [thing(severity=Severity.DANGER, n=2)]
    (after,) = desk.look()

    assert (after.id, after.raised_at) == (before.id, before.raised_at)
    assert (after.severity, after.facts) == ("danger", {"n": 2})
    assert after.changed_at > before.changed_at


def test_two_at_once_raise_and_resolve_once(app, desk, register, told):
    found = [thing(subject=str(number)) for number in range(20)]
    register("test", ("leak",), lambda _look: list(found))

    def at_once():
        barrier = threading.Barrier(3)
        threads = [threading.Thread(target=run, args=(Reconciler(desk.state), barrier)) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    at_once()
    assert len(desk.open()) == 20
    found.clear()
    at_once()

    assert desk.open() == []
    assert len(desk.all()) == 20
    assert sorted(name for name, _kind, _account in told) == ["attention.raised"] * 20 + ["attention.resolved"] * 20


def run(reconciler, barrier):
    barrier.wait()
    reconciler.run()


def test_a_check_that_fails_keeps_its_findings_and_stops_nobody(desk, register, caplog):
    found, broken = [thing("leak"), thing("rust")], []
    register("first", ("leak",), lambda look: [look.connection.execute(text(broken[0]))] if broken else found[:1])
    register("second", ("rust",), lambda _look: found[1:])
    assert desk.kinds() == ["leak", "rust"]

    broken.append("SELECT nothing FROM nowhere")
    found.pop()

    assert desk.kinds() == ["leak"]
    assert "the check first failed" in caplog.text


@SQLITE
def test_a_kind_that_nobody_checks_any_more_is_resolved(desk, register):
    register("test", ("leak",), lambda _look: [thing()])
    assert desk.kinds() == ["leak"]

    register("test", (), lambda _look: [])

    assert desk.kinds() == []


@SQLITE
def test_nothing_is_written_when_nothing_changed(desk, register):
    register("test", ("leak",), lambda _look: [thing(n=1, names=["a", "b"])])
    desk.look()
    statements = []
    event.listen(desk.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    desk.reconciler.run()

    assert statements
    assert [each for each in statements if not each.lstrip().startswith(("BEGIN", "SELECT", "WITH"))] == []


@SQLITE
def test_what_asks_for_patience_is_raised_when_it_lasts(desk, register):
    register("test", ("leak",), lambda _look: [thing()], 60)
    assert desk.kinds() == []

    register("test", ("leak",), lambda _look: [thing()], 0)

    assert desk.kinds() == ["leak"]


@SQLITE
def test_it_looks_no_more_often_than_asked(desk, register):
    looks = []
    register("test", ("leak",), lambda _look: looks.append(1) or [])

    desk.reconciler.run_if_older(60)
    desk.reconciler.run_if_older(60)
    desk.reconciler.run_if_older(0)

    assert len(looks) == 2


@SQLITE
def test_a_database_that_fails_is_not_the_callers_trouble(desk, caplog):
    with desk.engine.begin() as connection:
        connection.execute(text("ALTER TABLE finding RENAME TO finding_away"))

    desk.reconciler.run_if_older(0)

    assert "could not be looked for" in caplog.text


@SQLITE
def test_a_hundred_deliveries_cost_what_one_does(desk, make_pixel):
    """As many statements, and none that reads the deliveries' rows."""
    pixel = make_pixel("kwai")
    desk.reconciler.run()
    counts = []
    for more in (1, 100):
        desk.ledger.owe(pixel, more)
        statements = []
        event.listen(desk.engine, "before_cursor_execute", lambda *args, into=statements: into.append(args[2]))
        desk.reconciler.run()
        counts.append(len(statements))
    assert counts[0] == counts[1]
