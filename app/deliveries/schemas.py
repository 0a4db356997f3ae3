"""Deliveries on the wire: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.pagination import CursorQuery
from app.core.schema import Out, Schema
from app.deliveries.filters import Filter, State, of
from app.deliveries.service import Detail, Line
from app.outbound.models import OPEN_STATUSES, Attempt

Status = Literal["pending", "paused", "dead", "done", "cancelled"]
WORDS = {State.OPEN: "pending"}


class FilterFields(Schema):
    """`since` (included) and `until` (not) are ISO-8601; about when it ended for dead and cancelled, else about when it
    was accepted."""

    status: Status | None = None
    kind: str | None = Field(None, max_length=24)
    target: str | None = Field(None, max_length=40)
    error: str | None = Field(None, max_length=16)
    since: str | None = Field(None, max_length=40)
    until: str | None = Field(None, max_length=40)

    def to_filter(self, ids: list[str] | None = None) -> Filter:
        """Raises Invalid."""
        return of(
            state=self.status,
            kind=self.kind,
            target=self.target,
            error=self.error,
            since=self.since,
            until=self.until,
            ids=ids,
        )


class DeliveryQuery(FilterFields, CursorQuery):
    """Newest first, in no other order."""

    sort: Literal["-acceptedAt"] | None = None


class FilterIn(FilterFields):
    """As the query of the list; `ids` (at most 500): only these."""

    ids: list[str] | None = Field(None, max_length=500)


class BulkIn(Schema):
    """`confirmCount` is how many the caller saw the filter mean; `includeOld`: also what has become too old."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"filter": {"status": "dead", "since": "2026-11-20T00:00:00Z"}, "confirmCount": 42}]
        }
    )

    filter: FilterIn
    confirm_count: int = Field(ge=0, le=2**53)
    include_old: bool = False


class CountMovedOut(Out):
    """The filter means another number by now."""

    error: str
    count: int


class DeliveryOut(Out):
    """`status` is pending, paused, dead, done or cancelled; `error` the class of what went wrong last, `detail` its
    words; `generation` how often it was replayed; `attemptCount` the tries since."""

    id: UUID
    kind: str
    status: str
    target: UUID
    target_label: str
    subject: str | None
    ref_id: UUID
    attempt_count: int
    generation: int
    http_status: int | None
    outcome: str | None
    error: str | None
    detail: str | None
    response: str | None
    accepted_at: datetime
    next_attempt_at: datetime | None
    expires_at: datetime | None
    done_at: datetime | None
    replayed_at: datetime | None

    @classmethod
    def of(cls, line: Line) -> DeliveryOut:
        return cls(**_columns(line))


class AttemptOut(Out):
    n: int
    at: datetime
    duration_ms: int
    http_status: int | None
    outcome: str
    detail: str | None
    response: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptOut:
        own = {name: getattr(attempt, name) for name in cls.model_fields if name != "at"}
        return cls(**own, at=attempt.started_at)


class DeliveryDetailOut(DeliveryOut):
    """With every attempt of all its replays, newest first."""

    attempts: list[AttemptOut]

    @classmethod
    def of_detail(cls, detail: Detail) -> DeliveryDetailOut:
        return cls(**_columns(detail.line), attempts=[AttemptOut.of(attempt) for attempt in detail.attempts])


SAME = (
    "id", "kind", "ref_id", "generation", "http_status", "outcome", "error", "detail", "response", "expires_at",
    "done_at", "replayed_at",
)  # fmt: skip


def _columns(line: Line) -> dict[str, Any]:
    delivery = line.delivery
    is_open = delivery.status in OPEN_STATUSES
    return {name: getattr(delivery, name) for name in SAME} | {
        "status": WORDS.get(line.state, str(line.state)),
        "target": delivery.target_id,
        "target_label": line.target.label,
        "subject": line.subject.title if line.subject else None,
        "attempt_count": delivery.attempts,
        "accepted_at": delivery.ref_at,
        "next_attempt_at": delivery.next_at if is_open and line.state is State.OPEN else None,
    }
