"""A random month in the life of an account, the same for the same seed: what its figures are checked against."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.accounts import audit
from app.accounts.models import Account
from app.core import clock
from app.core.db import begin_write, write
from app.core.runtime import runtime
from app.outbound import repair, targets
from app.outbound.models import Delivery, Target
from app.pixels import service as pixels
from app.simulator import Simulator
from tests.tracking_fixtures import EVENTS, Sender

PLATFORMS = {"kwai": ("1001", "1002"), "facebook": ("2001", "2002")}
MISHAPS = ("error", "refuse", "throttle", "expire", "drop", "html")
SIGNS: dict[str, Callable[[int], str]] = {
    "email": lambda n: f"person{n}@example.com",
    "phone": lambda n: f"+55119{n:08d}",
    "fbp": lambda n: f"fb.1.1700000000.{n}",
    "client_ip_address": lambda n: f"203.0.113.{n % 250}",
    "client_user_agent": lambda n: f"Mozilla/5.0 ({n})",
}


@dataclass
class Story:
    """`live(steps)` does random things: sends, fails, delivers, waits, repairs, pauses, deletes."""

    app: Flask
    chance: random.Random
    sender: Sender
    simulator: Simulator
    drain: Callable[..., None]
    travel: Callable[[timedelta], None]
    pixels: dict[UUID, tuple[str, str]]
    sent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def engine(self) -> Any:
        return runtime(self.app).engine

    def live(self, steps: int) -> None:
        doings: dict[Callable[[], None], int] = {
            self.send: 12,
            self.misbehave: 5,
            self.deliver: 6,
            self.wait: 5,
            self.replay: 3,
            self.cancel: 2,
            self.pause: 1,
            self.resume: 2,
        }
        for _step in range(steps):
            self.chance.choices(list(doings), list(doings.values()))[0]()
        self.delete()
        self.send()
        self.deliver()
        self.replay()

    def send(self) -> None:
        fresh = [self.event() for _n in range(self.chance.randint(1, 12))]
        again = self.chance.sample(self.sent, min(len(self.sent), self.chance.randint(0, 2)))
        self.sent += fresh
        answer = self.sender.post({"events": fresh + again}, f"{EVENTS}/batch")
        assert answer.status_code == 202

    def event(self) -> dict[str, Any]:
        platform, pixel_id = self.chance.choice(list(self.pixels.values()))
        number = self.chance.randrange(10**6)
        body: dict[str, Any] = {"platform": platform, "pixel_id": pixel_id, "event_name": "EVENT_PURCHASE", "value": 10}
        if platform == "kwai":
            return {**body, "click_id": f"click-{number}", "event_id": f"e-{number}"}
        body |= {name: make(number) for name, make in SIGNS.items() if self.chance.random() < 0.5}
        if self.chance.random() < 0.6 or not {"email", "phone", "fbp"} & set(body):
            body["fbclid"] = f"fbclid-{number}"
        if self.chance.random() < 0.1:
            body["consent"] = {"ad_user_data": "denied"}
        return {**body, "event_id": f"e-{number}"}

    def misbehave(self) -> None:
        self.simulator.behave(
            kind=self.chance.choice(MISHAPS),
            platform=self.chance.choice([*PLATFORMS, None]),
            times=self.chance.randint(1, 6),
        )

    def deliver(self) -> None:
        self.drain(5)

    def wait(self) -> None:
        self.travel(timedelta(minutes=self.chance.choice([1, 7, 61, 400, 60 * 24 * 2, 60 * 24 * 8])))

    def replay(self) -> None:
        with begin_write(self.engine) as connection:
            repair.replay(connection, self.account_id, self.some(), clock.now())

    def cancel(self) -> None:
        with begin_write(self.engine) as connection:
            repair.cancel(connection, self.account_id, self.some()[:5], clock.now())

    def pause(self) -> None:
        with begin_write(self.engine) as connection:
            targets.pause(connection, self.chance.choice(list(self.pixels)), "by hand", "user")

    def resume(self) -> None:
        with begin_write(self.engine) as connection:
            for id_ in connection.scalars(select(Target.id).where(Target.state == "paused")).all():
                targets.resume(connection, id_)

    def delete(self) -> None:
        id_ = self.chance.choice(list(self.pixels))
        with self.app.app_context(), write():
            pixels.delete(audit.system_actor(self.account_id), id_)
        del self.pixels[id_]

    def some(self) -> list[UUID]:
        """Ids of deliveries in any state: what may not be replayed or cancelled is to stay as it is."""
        with self.engine.connect() as connection:
            ids = sorted(connection.scalars(select(Delivery.id)).all())
        return self.chance.sample(ids, min(len(ids), self.chance.randint(0, 40)))

    @property
    def account_id(self) -> UUID:
        with self.engine.connect() as connection:
            found: UUID = connection.scalar(select(Account.id).order_by(Account.created_at).limit(1))
        return found
