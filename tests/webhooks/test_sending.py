"""Webhooks through the engine: what arrives, what is counted, and what turns one off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.access import Actor
from app.core.db import begin_write, write
from app.core.exchange import Outcome
from app.core.ids import created_at, uuid7
from app.core.runtime import runtime
from app.outbound import repair, targets
from app.outbound.models import Attempt, Delivery, Status, Target
from app.outbound.policy import next_step
from app.outbound.tally import OPEN, Shift, shift
from app.webhooks import service, signatures, watch
from app.webhooks.models import Schedule, WebhookHour, WebhookMessage, WebhookSecret
from app.webhooks.sending import POLICIES
from tests.outbound.ledger import Ledger
from tests.people import Browser
from tests.tracking_fixtures import drain
from tests.webhooks.receiving import Receiving, receiving

__all__ = ["drain"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "a-secret-of-one-s-own-0123456789"
BODY = '{"event":"deal.won","timestamp":"2026-11-22T12:00:00.123Z","data":{"nome":"João","valor":5}}'


@pytest.fixture
def settings(make_settings: Callable[..., Any], database_url: str) -> Any:
    return make_settings(database_url=database_url, webhook_timeout=2, allow_private_targets=True, env="development")


@pytest.fixture
def receiver() -> Iterator[Receiving]:
    with receiving() as found:
        yield found


class Shop:
    """An account with webhooks, and what they are owed."""

    def __init__(self, app: Flask, account_id: UUID) -> None:
        self.app, self.account_id = app, account_id
        self.ledger = Ledger(app)
        self.engine = self.ledger.engine

    def webhook(self, url: str, **values: Any) -> UUID:
        given = {"name": "Loja", "url": url, "events": ["deal.*"], "description": None, "headers": {},
                 "schedule": "standard", "perSecond": None, "active": True, "secret": SECRET, **values}  # fmt: skip
        actor = Actor(self.account_id, None, "ana@example.com")
        with self.app.test_request_context(), write():
            return service.create(actor, given)[0].id

    def owe(self, webhook_id: UUID, count: int = 1) -> list[UUID]:
        ids = [uuid7() for _ in range(count)]
        own = {"account_id": self.account_id}
        with begin_write(self.engine) as connection:
            connection.execute(insert(WebhookMessage), [
                {**own, "id": id, "created_at": created_at(id), "event": "deal.won", "body": BODY} for id in ids
            ])  # fmt: skip
            connection.execute(insert(Delivery), [
                {**own, "id": id, "kind": "webhook", "target_id": webhook_id, "ref_id": id, "ref_at": created_at(id),
                 "status": Status.PENDING, "next_at": created_at(id), "created_at": created_at(id)}
                for id in ids
            ])  # fmt: skip
            shift(connection, [Shift(self.account_id, webhook_id, created_at(id), None, OPEN) for id in ids])
        return ids

    def figures(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Sent, failed, duration: as kept, and by the attempts."""
        sums = select(func.sum(WebhookHour.sent), func.sum(WebhookHour.failed), func.sum(WebhookHour.duration_ms))
        is_sent = Attempt.outcome == "sent"
        counted = select(func.count().filter(is_sent), func.count().filter(~is_sent), func.sum(Attempt.duration_ms))
        with self.engine.connect() as connection:
            kept = connection.execute(sums).one()
            true = connection.execute(counted.where(Attempt.target_id.is_not(None))).one()
        return tuple(kept), tuple(true)  # type: ignore[return-value]

    def audited(self, id: UUID) -> list[Any]:
        wanted = select(AuditEntry.changes).where(
            AuditEntry.action == "webhook.disabled", AuditEntry.subject_id == str(id)
        )
        with self.engine.connect() as connection:
            return list(connection.scalars(wanted))


@pytest.fixture
def shop(app: Flask, admin: Browser) -> Shop:
    return Shop(app, admin.person.account_id)


def test_a_delivery_arrives_signed_is_counted_and_can_be_sent_again(shop, receiver, drain):
    webhook = shop.webhook(receiver.url)
    (id,) = shop.owe(webhook)
    drain()
    with begin_write(shop.engine) as connection:
        assert repair.replay(connection, shop.account_id, [id], clock.now()) == []
        assert repair.replay(connection, shop.account_id, [id], clock.now(), with_done=True) == [id]
    drain()

    first, second = receiver.requests
    assert first.body == second.body == BODY.encode()
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == signatures.message_id(id)
    at = datetime.fromtimestamp(int(first.headers["webhook-timestamp"]), tz=clock.now().tzinfo)
    expected = signatures.headers(id, at, BODY.encode(), [SECRET])
    assert {name: first.headers[name.lower()] for name in expected} == expected
    kept, true = shop.figures()
    assert kept == true
    assert kept[:2] == (2, 0)


def test_the_page_of_a_delivery_shows_neither_its_own_headers_nor_a_signature(shop, admin, viewer, receiver, drain):
    """A signature that somebody may read is good for sending in our name."""
    own = {
        "X-Api-Key": "key-of-a-gateway-41",
        "Authorization": "Basic YW5hOnNlbmhhLWRlLXZlcmRhZGU=",
        "User-Agent": "Own/9",
    }
    receiver.body = b"wrong: senha-de-verdade, YW5hOnNlbmhhLWRlLXZlcmRhZGU=, key-of-a-gateway-41"
    (id,) = shop.owe(shop.webhook(f"{receiver.url}/path-token?key=query-token", headers=own))
    drain()
    with shop.engine.connect() as connection:
        response = connection.scalar(select(Attempt.response)) or ""
    for person in (admin, viewer):
        page = person.get(f"/deliveries/{id}").get_data(as_text=True)
        assert "webhook-signature" in page
        assert "X-Api-Key" in page
        for hidden in ("v1,", "gateway-41", "YW5hOn", "senha-de", "Own/9"):
            assert hidden not in page, hidden
        assert ("query-token" in page) == ("path-token" in page) == (person is admin)
    assert "wrong" in response
    assert not any(quoted in response for quoted in ("senha", "YW5h", "gateway"))


def test_failures_are_tried_again_and_counted_until_one_success_ends_the_series(shop, receiver, drain):
    webhook = shop.webhook(receiver.url)
    receiver.statuses = [500, 200]
    (id,) = shop.owe(webhook)
    drain()
    assert shop.ledger.target(webhook).failing_since is not None
    shop.ledger.hurry()
    drain()

    assert shop.ledger.delivery(id).status == Status.DONE
    assert shop.ledger.target(webhook).failing_since is None
    kept, true = shop.figures()
    assert kept == true
    assert kept[:2] == (1, 1)


@pytest.mark.parametrize(
    ("days", "code", "status"), [(4.9, None, 500), (5.1, "failing", 500), (5.1, None, 200), (0, "gone", 410)]
)
def test_five_days_of_failures_or_a_410_turn_a_webhook_off(shop, receiver, drain, days, code, status):
    webhook = shop.webhook(receiver.url)
    receiver.statuses = [status]
    if days:
        shop.ledger.change(Target, webhook, failing_since=clock.now() - timedelta(days=days))
    shop.owe(webhook)
    drain()

    target = shop.ledger.target(webhook)
    assert target.reason_code == code
    assert [changes["reason"] for changes in shop.audited(webhook)] == ([[None, code]] if code else [])
    with shop.engine.connect() as connection:
        found = [*watch.check(watch.Look(connection, clock.now(), runtime(shop.app)))]
    assert [(each.kind, each.subject) for each in found] == (
        [(watch.DISABLED, str(webhook))] if code == "failing" else []
    )


def test_one_that_was_turned_on_again_is_not_turned_off_by_old_failures(shop, receiver, drain):
    webhook = shop.webhook(receiver.url)
    receiver.statuses = [500]
    shop.ledger.change(Target, webhook, failing_since=clock.now() - timedelta(days=9))
    shop.owe(webhook)
    drain()
    with begin_write(shop.engine) as connection:
        targets.resume(connection, webhook)
    shop.ledger.hurry()
    drain()

    assert shop.ledger.target(webhook).state == "active"
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    ("schedule", "is_brief", "tries"),
    [(Schedule.FAST, False, 4), (Schedule.STANDARD, False, 11), (Schedule.STANDARD, True, 4)],
)
def test_each_schedule_has_its_waits_and_its_end(database_url, schedule, is_brief, tries):
    outcome, waits, now = Outcome.retry("HTTP 500", is_brief=is_brief), [], clock.now()
    while (step := next_step(POLICIES[schedule], outcome, len(waits) + 1, now, None, 0)).status == Status.PENDING:
        waits.append((step.next_at - now).total_seconds())

    assert len(waits) + 1 == tries
    assert waits == [1, 5, 15, 120, 900, 3600, 10800, 28800, 57600, 86400][: tries - 1]


def test_a_webhook_on_the_fast_schedule_keeps_it_beside_a_standard_one(shop, receiver, drain):
    receiver.statuses = [500]
    fast, standard = shop.webhook(receiver.url, schedule="fast"), shop.webhook(receiver.url)
    ids = [*shop.owe(fast), *shop.owe(standard)]
    for id in ids:
        shop.ledger.change(Delivery, id, attempts=3)
    drain()

    assert [row.status for row in shop.ledger.deliveries(*ids)] == [Status.DEAD, Status.PENDING]


def test_what_is_owed_to_one_whose_secret_cannot_be_read_waits(shop, receiver, drain):
    webhook = shop.webhook(receiver.url)
    (id,) = shop.owe(webhook)
    with begin_write(shop.engine) as connection:
        connection.execute(update(WebhookSecret).values(sealed="of another key"))
    drain()
    assert (shop.ledger.delivery(id).status, receiver.requests) == (Status.PENDING, [])


def test_of_an_answer_8_kb_are_kept(shop, receiver, drain):
    receiver.body = b"x" * 20_000
    (id,) = shop.owe(shop.webhook(receiver.url))
    drain()
    assert len(shop.ledger.delivery(id).response) == 8192
