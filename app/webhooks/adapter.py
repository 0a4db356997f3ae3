"""The pure part of webhooks: what happened as a signed call, and the receiver's answer in the engine's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from app.core.exchange import Call, Outcome, Reply
from app.core.guard import LEADS_INSIDE, NOT_ALLOWED, NOT_FOLLOWED
from app.destinations.answers import asked_wait_s, plainly, words
from app.webhooks import signatures
from app.webhooks.models import Schedule

USER_AGENT = "Kalitrack-Webhook/1.0"
LONGEST_LOCATION = 2000
REDIRECTS, REFUSALS = range(300, 400), range(400, 500)
PASSING = {408, 425}
GONE, TOO_MANY, UNAVAILABLE = 410, 429, 503


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told. `secrets`: those that are alive, the current one first."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)  # its own
    schedule: Schedule = Schedule.STANDARD


@dataclass(frozen=True, slots=True)
class Message:
    """What is told. `at` is when this try was made ready: the time that is signed."""

    id: UUID
    event: str
    body: bytes
    at: datetime


class WebhookCalls:
    """One message a call."""

    max_batch = 1

    def batch_key(self, item: Message, target: Receiver) -> UUID:
        return item.id

    def build(self, items: Sequence[Message], target: Receiver) -> Call:
        (message,) = items
        headers = {
            "User-Agent": USER_AGENT,
            **target.headers,
            "Content-Type": "application/json",
            "X-Webhook-Event": message.event,
            **signatures.headers(message.id, message.at, message.body, target.secrets),
        }
        return Call("POST", target.url, headers=headers, body=message.body, is_guarded=True)

    def read(self, reply: Reply, items: Sequence[Message]) -> Outcome:
        """By the status alone (facts/webhooks-queue.md 4.5). What looks like a wrong address is tried again for some
        seconds only: receivers answer so while they are being replaced, and seldom for longer."""
        status, said, wait_s = reply.status, plainly(reply), asked_wait_s(reply)
        if reply.ok:
            return Outcome.sent()
        if reply.error == NOT_ALLOWED:
            return Outcome.rejected(LEADS_INSIDE)
        if status is None:
            return Outcome.retry(said)
        if status == GONE:
            return Outcome.gone(said)
        if status in REDIRECTS:
            return Outcome.retry(f"{NOT_FOLLOWED}{_whither(reply)}", is_brief=True)
        if status == TOO_MANY or (status == UNAVAILABLE and wait_s is not None):
            return Outcome.throttled(said, wait_s)
        return Outcome.retry(said, wait_s, is_brief=status in REFUSALS and status not in PASSING)


def _whither(reply: Reply) -> str:
    """The host of `Location`, for whoever corrects the address; its path may hold what is nobody's to read."""
    location = next((value for name, value in reply.headers.items() if name.lower() == "location"), "")
    try:
        host = urlsplit(location[:LONGEST_LOCATION]).hostname
    except ValueError:
        return ""
    return f": {words(host)}" if host else ""
