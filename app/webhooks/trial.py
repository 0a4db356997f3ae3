"""A test of a webhook: one signed example, sent at once by the client that sends the real ones, and not tried again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.core import clock
from app.core.errors import TooMany
from app.core.exchange import Outcome, Verdict
from app.core.http import Client
from app.core.ids import uuid7
from app.core.ratelimit import Limit, limiter
from app.core.runtime import runtime
from app.outbound.exchange_one import exchange
from app.webhooks.adapter import Message, Receiver, WebhookCalls
from app.webhooks.messages import body_of

log = logging.getLogger(__name__)
EVENT = "webhook.test"
PER_MINUTE = Limit("webhook-test", 10, 60)  # of an account: each holds a server's thread until the receiver answers
CALLS = WebhookCalls()


@dataclass(frozen=True, slots=True)
class Report:
    """What a test came to, without what the receiver said: a test must not read other systems' pages to whoever may
    type an address (facts/security.md 56)."""

    outcome: Verdict
    detail: str
    http_status: int | None
    duration_ms: int


def send(receiver: Receiver, account_id: UUID) -> Report:
    """Takes up to WEBHOOK_TIMEOUT: no transaction may be open. Raises TooMany, in words, when the account has sent its
    tests of this minute; nothing for what the receiver does."""
    wait_s = limiter().hit(PER_MINUTE, str(account_id))
    if wait_s is not None:
        raise TooMany(wait_s, _l("At most %(max)d tests a minute. Try again in %(wait)d s.", max=10, wait=wait_s))
    settings = runtime().settings
    total_s = settings.webhook_timeout
    client = Client(timeout_s=total_s, pool_size=1, allow_private=settings.allow_private_targets)
    message = example()
    try:
        one = exchange(
            client,
            lambda: CALLS.build([message], receiver),
            lambda reply: CALLS.read(reply, [message]),
            timeout_s=total_s,
        )
    finally:
        client.close()
    if one.fault is not None:
        log.warning("a test of a webhook failed here", exc_info=one.fault)
    outcome: Outcome = one.outcome[0] if isinstance(one.outcome, list) else one.outcome
    return Report(outcome.verdict, outcome.detail, one.http_status, one.duration_ms)


def example() -> Message:
    """Of nobody; with an accent and an emoji, which a receiver that re-encodes what it verifies gets wrong."""
    id_, now = uuid7(), clock.now()
    body = body_of(EVENT, now, {"message": "Olá do Kalitrack 👋", "test": True})
    return Message(id_, EVENT, body.encode(), now)
