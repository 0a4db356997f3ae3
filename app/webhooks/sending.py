"""Webhooks as the engine's deliveries: what is loaded for a call, and what follows it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from app.core import clock
from app.core.exchange import Call
from app.core.vault import VaultError
from app.outbound.kinds import Kind, Leased, Owed, Party, Subject
from app.outbound.policy import Policy
from app.outbound.results import Result, Written
from app.webhooks import failing, messages, tally
from app.webhooks.adapter import Message, Receiver, WebhookCalls
from app.webhooks.models import KIND, Schedule, Webhook
from app.webhooks.secrets import receivers
from app.webhooks.signatures import PREFIX

MINUTE, HOUR = 60.0, 3600.0
FAST_S = (1.0, 5.0, 15.0)
SLOW_S = (2 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 16 * HOUR, 24 * HOUR)
HIDDEN = "***"
SHOWN = frozenset({"Content-Type", "X-Webhook-Event", "webhook-id", "webhook-timestamp"})
POLICIES = {Schedule.FAST: Policy.fixed(FAST_S), Schedule.STANDARD: Policy.fixed(FAST_S, SLOW_S)}


class Webhooks(Kind):
    """Messages to the webhooks of an account, each on its own schedule."""

    key = KIND
    policy = POLICIES[Schedule.STANDARD]
    response_limit = 8192

    @property
    def timeout_s(self) -> float:
        return self.runtime.settings.webhook_timeout

    def parties(self, connection: Connection, target_ids: Sequence[UUID]) -> Mapping[UUID, Party]:
        """Raises VaultError for one whose secret cannot be read: what it is owed waits until that is mended, while one
        that is absent here would lose it."""
        found = receivers(connection, self.runtime, target_ids, clock.now())
        unread = set(target_ids) - found.keys()
        if unread and connection.scalar(select(Webhook.id).where(Webhook.id.in_(unread)).limit(1)) is not None:
            raise VaultError("a webhook's secret or headers cannot be read")
        return {id_: _party(receiver) for id_, receiver in found.items()}

    def policy_of(self, connection: Connection, target_id: UUID) -> Policy:
        schedule = connection.scalar(select(Webhook.schedule).where(Webhook.id == target_id))
        return POLICIES[Schedule(schedule)] if schedule else self.policy

    def items(self, connection: Connection, rows: Sequence[Leased]) -> Mapping[UUID, Message]:
        now = clock.now()
        return {id_: Message(id_, event, body.encode(), now) for id_, event, body in messages.of(connection, rows)}

    def subjects(self, connection: Connection, account_id: UUID, rows: Sequence[Owed]) -> Mapping[UUID, Subject]:
        """Of a message that several webhooks take, the page of the one asked about first."""
        names = messages.names_of(connection, rows)
        first: dict[UUID, UUID] = {}
        for row in rows:
            first.setdefault(row.ref_id, row.target_id)
        return {
            id_: Subject(name, "webhooks.show", {"id": str(first[id_])}) for id_, name in names.items() if id_ in first
        }

    def rebuild(self, connection: Connection, owed: Owed) -> Call | None:
        """Whoever may look at deliveries sees no header of the webhook's own, and no signature, which would let them
        send in our name for as long as it is fresh."""
        call = super().rebuild(connection, owed)
        return call and replace(
            call, headers={name: value if name in SHOWN else HIDDEN for name, value in call.headers.items()}
        )

    def book(self, connection: Connection, tried: Sequence[Result], written: Sequence[Written], at: datetime) -> None:
        tally.add(connection, tried)
        failing.disable(connection, tried, at)


def _party(receiver: Receiver) -> Party:
    """A receiver may quote what it is verified by, and what it lets us in by."""
    keys = [secret.removeprefix(PREFIX) for secret in receiver.secrets]
    quotable = [part for value in receiver.headers.values() for part in _quotable(value)]
    others = dict.fromkeys((*receiver.secrets[1:], *keys, *quotable))
    return Party(_CALLS, receiver, receiver.secrets[0], tuple(others), POLICIES[receiver.schedule])


def _quotable(value: str) -> Iterator[str]:
    """A header's value, and what an answer may name alone: `Bearer <token>` its token, `Basic <both>` its password."""
    yield value
    scheme, _, credentials = value.partition(" ")
    if credentials := credentials.strip():
        yield credentials
    if scheme.lower() == "basic":
        try:
            both = b64decode(credentials).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return
        yield both
        yield both.partition(":")[2]


_CALLS = WebhookCalls()
