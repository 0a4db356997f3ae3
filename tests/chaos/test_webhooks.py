"""Webhooks through real worker processes: killed ones lose nothing, and a hanging receiver holds up no other.

WEBHOOKS=5000 (kills) and WEBHOOKS=10000 (fairness) are the sizes of the promise; the suite runs less.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from app.core import clock
from app.core.ids import created_at, uuid7
from app.outbound.models import Attempt, Delivery, Status, Target
from app.outbound.tally import OPEN, Shift, shift
from app.webhooks import signatures
from app.webhooks.models import WebhookHour, WebhookMessage
from tests.chaos.harness import World
from tests.chaos.product import EMAIL, PASSWORD

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
SIZE = int(os.environ.get("WEBHOOKS", "0"))
SECRET = "a-secret-of-one-s-own-0123456789"
BODY = '{"event":"deal.won","timestamp":"2026-11-22T12:00:00.123Z","data":{"nome":"João"}}'
OPEN_WORLD = {"ALLOW_PRIVATE_TARGETS": "1", "KALITRACK_ENV": "development"}
GOOD_ONES = 50
GOOD, HANGS = "/good", "/hangs"


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver: Receiver = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == HANGS:
            receiver.ended.wait(60)
            return
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), tz=clock.now().tzinfo)
        id_ = self.headers["webhook-id"]
        expected = signatures.headers(UUID(id_.removeprefix("msg_")), at, body, [SECRET])
        with receiver.lock:
            receiver.arrived.append((self.path, id_))
            receiver.forged += any(self.headers[name] != value for name, value in expected.items())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Receiver(ThreadingHTTPServer):
    """Keeps what arrived, and counts what does not verify."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.arrived: list[tuple[str, str]] = []
        self.forged = 0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()


def make_webhooks(world: World, receiver: Receiver, paths: list[str]) -> list[UUID]:
    token = world.product.post("/api/auth/login", {"email": EMAIL, "password": PASSWORD})["accessToken"]
    for number, path in enumerate(paths):
        url = f"http://127.0.0.1:{receiver.server_port}{path}"
        values = {"name": f"{number} {path}", "url": url, "events": ["deal.won"], "secret": SECRET}
        made = world.product.post("/api/custom-webhooks", values, token)
        assert "error" not in made, made
    with world.books.engine.connect() as connection:
        return list(connection.scalars(select(Target.id).where(Target.kind == "webhook").order_by(Target.id)))


def owe(world: World, webhooks: list[UUID], messages: int) -> None:
    """A message for each of them, in one transaction."""
    with world.books.engine.begin() as connection:
        account_id = connection.scalar(select(Target.account_id).where(Target.id == webhooks[0]))
        ids = [uuid7() for _ in range(messages)]
        own = {"account_id": account_id}
        told = [{**own, "id": id, "created_at": created_at(id), "event": "deal.won", "body": BODY} for id in ids]
        connection.execute(insert(WebhookMessage), told)
        connection.execute(insert(Delivery), [
            {**own, "id": uuid7(), "kind": "webhook", "target_id": webhook, "ref_id": id, "ref_at": created_at(id),
             "status": Status.PENDING, "next_at": created_at(id), "created_at": created_at(id)}
            for id in ids for webhook in webhooks
        ])  # fmt: skip
        shift(
            connection, [Shift(account_id, webhook, created_at(id), None, OPEN) for id in ids for webhook in webhooks]
        )


def wait_until_done(world: World, webhooks: list[UUID], seconds: float = 240) -> None:
    left = (
        select(func.count())
        .select_from(Delivery)
        .where(Delivery.target_id.in_(webhooks), Delivery.status.in_((Status.PENDING, Status.LEASED)))
    )
    deadline = time.monotonic() + seconds
    while True:
        with world.books.engine.connect() as connection:
            if not connection.scalar(left):
                return
        assert time.monotonic() < deadline, world.product.output[-3000:]
        time.sleep(0.1)


def figures(world: World) -> tuple[Any, Any]:
    """(sent, failed, duration) as kept, and by the attempts."""
    kept = select(func.sum(WebhookHour.sent), func.sum(WebhookHour.failed), func.sum(WebhookHour.duration_ms))
    is_sent = Attempt.outcome == "sent"
    true = select(func.count().filter(is_sent), func.count().filter(~is_sent), func.sum(Attempt.duration_ms))
    with world.books.engine.connect() as connection:
        return tuple(connection.execute(kept).one()), tuple(
            connection.execute(true.where(Attempt.target_id.is_not(None))).one()
        )


@pytest.mark.paired
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_killed_workers_lose_no_webhook_and_repeat_it_under_the_same_id(new_world: Any, tell: Any, database: str):
    messages, kills = (SIZE or 300) // 5, max(2, SIZE // 600)
    with new_world(database, WORKERS=2, WEBHOOK_TIMEOUT=1, **OPEN_WORLD) as world, Receiver() as receiver:
        webhooks = make_webhooks(world, receiver, [f"{GOOD}/{number}" for number in range(5)])
        owe(world, webhooks, messages)
        for number in range(kills):
            goal = len(receiver.arrived) + 5 * messages // (kills + 1)
            deadline = time.monotonic() + 10
            while len(receiver.arrived) < min(goal, 5 * messages) and time.monotonic() < deadline:
                time.sleep(0.005)
            world.strike("deliver", number % 2)
        wait_until_done(world, webhooks)
        arrivals = Counter(receiver.arrived)
        kept, true = figures(world)

    doubles = sum(arrivals.values()) - len(arrivals)
    tell(f"webhooks killed · {database}: {5 * messages} owed, lost {5 * messages - len(arrivals)}, twice {doubles}, "
         f"forged {receiver.forged}, kills {sum(world.kills.values())}, figures {kept} = attempts {true}")  # fmt: skip
    assert len(arrivals) == 5 * messages
    assert receiver.forged == 0
    assert kept == true


@pytest.mark.alone
def test_a_hanging_receiver_delays_no_other(new_world: Any, tell: Any):
    messages = (SIZE or 1000) // GOOD_ONES
    p95 = {}
    with new_world("sqlite", WORKERS=1, **OPEN_WORLD) as world, Receiver() as receiver:
        webhooks = make_webhooks(world, receiver, [HANGS, *(f"{GOOD}/{number}" for number in range(GOOD_ONES))])
        hanging, good = webhooks[0], webhooks[1:]
        owe(world, good, 1)  # everything is warm
        wait_until_done(world, good)
        for name, extra in (("without", []), ("with", [hanging])):
            since = clock.now()
            owe(world, [*extra, *good], messages)
            wait_until_done(world, good)
            took = select(Delivery.created_at, Delivery.done_at).where(
                Delivery.target_id.in_(good), Delivery.created_at >= since
            )
            with world.books.engine.connect() as connection:
                waits = sorted((done - made).total_seconds() for made, done in connection.execute(took))
            p95[name] = waits[int(len(waits) * 0.95)]
    said = f"p95 {p95['without']:.2f} s, with a hanging one {p95['with']:.2f} s"
    tell(f"fairness: {GOOD_ONES * messages} events to {GOOD_ONES} good ones: {said}")
    assert p95["with"] <= 1.5 * p95["without"] + 0.2
