"""What is told, when, to whom: raised, repeated, over, quiet; once, whoever looks; and never to another account."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from app.accounts.models import User
from app.alerts import service
from app.alerts.sweep import sweep
from app.attention.checks import Severity
from app.attention.reconcile import Reconciler
from app.core import clock
from app.core.db import begin_write, write
from app.core.event_types import public
from app.work.ticker import Ticker
from tests.alerts.conftest import Watch
from tests.people import new_user

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOUR = timedelta(hours=1)


@SQLITE
def test_from_the_threshold_on_it_is_told_again_after_hours_and_told_when_it_is_over(watch: Watch, travel):
    new_user(watch.app, "admin", email="ana@example.com", locale="en", name="Ana")
    new_user(watch.app, "viewer", email="bia@example.com")
    watch.rule("dead_letters", threshold=10, byMail=True, repeatHours=2)
    watch.dead(9)
    assert watch.look() == 0
    assert watch.alerts() == []

    watch.dead(10)
    assert watch.look() == 2  # one letter, one event
    watch.dead(4_000)
    assert watch.look() == 0  # a number that moves is no news
    travel(2 * HOUR)
    assert watch.look() == 2
    watch.dead()
    assert watch.look() == 2
    assert watch.look() == 0

    (alert,) = watch.alerts()
    assert (alert.times, alert.facts["number"], alert.resolved_at is not None) == (2, 4_000, True)
    assert [letter.to for letter in watch.letters()] == ["ana@example.com"] * 3
    assert [letter.subject for letter in watch.letters()] == [
        "Alert: Meta 1: 10 deliveries were given up",
        "Alert: Meta 1: 4,000 deliveries were given up",
        "Over: Meta 1: 4,000 deliveries were given up",
    ]
    assert "This still lasts." in watch.letters()[1].text
    assert [(name, told["times"]) for name, _account, told in watch.heard] == [
        ("alert.raised", 1),
        ("alert.raised", 2),
        ("alert.resolved", 2),
    ]
    assert watch.heard[2][2]["reason"] == "gone"
    for name, _account, told in watch.heard:
        declared = public()[name]
        assert told.keys() == declared.example.keys()
        declared.payload.model_validate(told)
    assert watch.heard[0][2]["title"] == "Meta 1: desistimos de 10 entregas"


@SQLITE
def test_what_comes_and_goes_is_listed_and_told_no_more_often_than_what_stays(watch: Watch, travel):
    watch.dead(1)
    assert watch.look() == 1
    for _ in range(3):
        watch.dead()
        watch.look()
        travel(HOUR)
        watch.dead(1)
        watch.look()
    assert [name for name, _account, _told in watch.heard] == ["alert.raised", "alert.resolved"]
    assert [alert.times for alert in watch.alerts()] == [1, 0, 0, 0]

    travel(21 * HOUR)
    assert watch.look() == 1
    assert watch.alerts()[-1].times == 1


@SQLITE
def test_what_gets_worse_is_told_at_once_and_once(watch: Watch, travel):
    new_user(watch.app, "admin", email="ana@example.com", locale="en")
    watch.rule("dead_letters", byMail=True)
    found = ("dead_letters", "t", {"target": "Meta 1", "kind": "conversion", "error": "refused", "number": 3})

    def look(severity):
        watch.find(found, severity=severity)
        return watch.look()

    assert look(Severity.WARNING) == 2
    assert look(Severity.DANGER) == 2
    assert "It has become worse." in watch.letters()[-1].text
    assert (watch.heard[-1][2]["severity"], watch.heard[-1][2]["times"]) == ("danger", 2)
    for severity in (Severity.WARNING, Severity.DANGER, Severity.WARNING, Severity.DANGER):
        assert look(severity) == 0
    travel(24 * HOUR)
    assert look(Severity.DANGER) == 2
    assert "This still lasts." in watch.letters()[-1].text


@SQLITE
@pytest.mark.parametrize(("before", "told_again"), [(Severity.WARNING, 2), (Severity.DANGER, 0)])
def test_what_comes_back_worse_is_told_unless_it_was_as_bad_lately(watch: Watch, travel, before, told_again):
    new_user(watch.app, "admin", email="ana@example.com", locale="en")
    watch.rule("dead_letters", byMail=True)
    found = ("dead_letters", "t", {"target": "Meta 1", "kind": "conversion", "error": "refused", "number": 3})
    watch.find(found, severity=before)
    watch.look()
    watch.find()
    watch.look()
    travel(HOUR)

    watch.find(found, severity=Severity.WARNING)
    assert watch.look() == 0
    watch.find(found, severity=Severity.DANGER)
    assert watch.look() == told_again
    watch.find()
    watch.look()
    watch.find(found, severity=Severity.DANGER)
    assert watch.look() == 0  # that bad it was told just now


@SQLITE
def test_ten_things_go_as_one_letter_and_ten_events(watch: Watch):
    new_user(watch.app, "admin")
    watch.rule("dead_letters", byMail=True)
    watch.dead(*range(1, 26))

    assert watch.look() == 26
    (letter,) = watch.letters()
    assert letter.text.count("Meta 1: ") == 20
    assert "E mais 5." in letter.text


@SQLITE
@pytest.mark.parametrize(
    ("change", "reason"), [({"enabled": False}, "off"), ({"threshold": 100}, "below"), ({"byMail": False}, None)]
)
def test_a_rule_that_changes_ends_what_it_no_longer_covers(watch: Watch, change, reason):
    new_user(watch.app, "admin")
    watch.rule("dead_letters", byMail=True)
    watch.dead(50)
    watch.look()
    watch.rule("dead_letters", **change)

    assert watch.look() == (2 if reason else 0)
    assert (watch.alerts()[0].resolved_at is not None) is bool(reason)
    assert [told["reason"] for _name, _account, told in watch.heard[1:]] == [reason] * bool(reason)
    assert watch.look() == 0


@SQLITE
def test_thresholds_are_each_in_their_own_unit(watch: Watch):
    now = clock.now()

    def late(minutes):
        return ("queue_old", "", {"target": "x", "since": (now - timedelta(minutes=minutes)).isoformat(), "targets": 1})

    def ending(days):
        end = {"version": "v1", "end": (now.date() + timedelta(days=days)).isoformat(), "ended": False}
        return ("version_expiring", "v1 pixel", {**end, "own": True, "pixels": 1, "pixel": None})

    refused = ("token_refused", "t", {"target": "x", "kind": "conversion", "waiting": 0, "reason": "no"})
    odd = ("queue_old", "", {"of": "another version"})
    for found, told in ((late(4), 0), (late(6), 1), (ending(31), 0), (ending(30), 1), (refused, 1), (odd, 0)):
        watch.find()
        watch.look()
        watch.find(found)
        assert watch.look() == told, found


def test_two_accounts_are_never_mixed_and_any_number_of_processes_tell_once(watch: Watch, other_account):
    new_user(watch.app, "admin", email="ana@example.com")
    for account_id in (watch.account_id, other_account.account_id):
        watch.rule("dead_letters", account_id=account_id, byMail=True)
    facts = {"target": "Nosso", "kind": "conversion", "error": "refused", "number": 3}
    watch.find(("dead_letters", "t", facts))
    Reconciler(watch.state).run()
    together = threading.Barrier(4)

    def one() -> None:
        with watch.app.app_context():
            together.wait()
            sweep(watch.state.engine)

    def all_at_once() -> None:
        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_at_once()
    assert [(letter.account_id, letter.to) for letter in watch.letters()] == [(watch.account_id, "ana@example.com")]
    watch.find()
    Reconciler(watch.state).run()
    all_at_once()

    assert len(watch.letters()) == 2
    assert [(name, account_id) for name, account_id, _told in watch.heard] == [
        ("alert.raised", watch.account_id),
        ("alert.resolved", watch.account_id),
    ]


@SQLITE
def test_a_letter_has_neither_what_a_platform_said_nor_a_link_or_a_line_of_somebodys_name(watch: Watch):
    person = new_user(watch.app, "admin", locale="en")
    new_user(watch.app, "admin", email="left@example.com", disabled_at=clock.now())
    watch.rule("credentials", byMail=True, userIds=[str(person.id)])
    name = "evil.example.com\r\nBcc: all@example.com <script>"
    facts = {"target": name, "kind": "conversion", "waiting": 2, "reason": "token EAAB-secret of eva@example.com"}
    watch.find(("token_refused", "t", facts))

    assert watch.look() == 2
    (letter,) = watch.letters()
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
    assert "evil.example.com" not in letter.text + letter.subject
    for secret in ("EAAB", "eva@"):
        assert secret not in letter.text + str(watch.heard)
    assert letter.to == person.email
    assert letter.link.startswith(watch.state.settings.public_url)


@SQLITE
def test_trouble_with_the_mail_itself_is_told_to_systems_only_and_a_chosen_one_who_left_is_replaced(watch: Watch):
    gone = new_user(watch.app, "viewer", email="gone@example.com")
    admin = new_user(watch.app, "admin")
    watch.rule("credentials", byMail=True, userIds=[str(gone.id)])
    with watch.app.app_context(), write() as session:
        session.get_one(User, gone.id).disabled_at = clock.now()
    facts = {"target": "smtp", "kind": "mail", "waiting": 2, "reason": "535"}
    watch.find(("token_refused", "mail", facts))
    assert watch.look() == 1
    assert watch.letters() == []

    watch.find(("token_refused", "t", {**facts, "kind": "conversion"}))
    watch.look()
    assert [letter.to for letter in watch.letters()] == [admin.email]


@SQLITE
def test_the_ticker_tells_within_seconds(watch: Watch):
    watch.dead(1)

    Ticker(watch.app).tick()

    assert [name for name, _account, _told in watch.heard] == ["alert.raised"]


@SQLITE
def test_rules_and_alerts_go_with_an_account_that_nobody_joined(watch: Watch):
    watch.rule("dead_letters", threshold=2)
    watch.dead(3)
    watch.look()

    with begin_write(watch.state.engine) as connection:
        service.discard(connection, "account.discarded", watch.account_id, {})

    assert watch.alerts() == []
    watch.dead(1)
    assert watch.look() == 1  # the default again: from the first one on
