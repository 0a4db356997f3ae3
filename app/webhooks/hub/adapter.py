"""The pure part of the hub: what happened as a call, and the hub's answer in the engine's words (source 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.core.exchange import Call, Outcome, Reply
from app.outbound.exchange_one import Unsendable

NO_TOKEN = "INTERNAL_API_TOKEN is not set"  # noqa: S105 - what is said of one


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the hub is, and the token that opens it."""

    url: str  # of the API, without /events
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HubMessage:
    """What is told; `body` is `{"event", "timestamp", "data"}`."""

    id: UUID
    event: str
    body: bytes


class HubEvents:
    """One message a call. The address is the operator's own, so it is not guarded."""

    max_batch = 1

    def batch_key(self, item: HubMessage, target: Hub) -> UUID:
        return item.id

    def build(self, items: Sequence[HubMessage], target: Hub) -> Call:
        (message,) = items
        if not target.token:
            raise Unsendable(NO_TOKEN)
        headers = {"Content-Type": "application/json", "X-Internal-Token": target.token}
        return Call("POST", f"{target.url.rstrip('/')}/events", headers=headers, body=message.body)

    def read(self, reply: Reply, items: Sequence[HubMessage]) -> Outcome:
        """What it says beside its status is not kept: it may quote the token."""
        said = f"HTTP {reply.status}" if reply.status is not None else reply.error or ""
        match reply.status:
            case None:
                return Outcome.retry(said)
            case status if 200 <= status < 300:
                return Outcome.sent()
            case 401 | 403:
                return Outcome.auth(said)
            case 429:
                return Outcome.throttled(said)
            case 408 | 425:
                return Outcome.retry(said)
            case status if 400 <= status < 500:
                return Outcome.rejected(said)
            case _:
                return Outcome.retry(said)
