"""The figures of webhooks: their attempts by hour, kept in the transactions that log them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.core.exchange import Verdict
from app.core.rollup import Rollup, hour_of
from app.outbound.results import Result
from app.webhooks.models import WebhookHour

SENT, FAILED, DURATION = range(3)  # places in a row of WebhookHour
_add = Rollup(WebhookHour)


def add(connection: Connection, tried: Sequence[Result]) -> None:
    """Counts attempts as they are logged, those too that came after their lease, so that both always agree."""
    rows: dict[tuple[UUID, datetime, UUID], list[int]] = {}
    for result in tried:
        row = rows.setdefault((result.row.account_id, hour_of(result.started_at), result.row.target_id), [0, 0, 0])
        row[SENT if result.outcome.verdict is Verdict.SENT else FAILED] += 1
        row[DURATION] += result.duration_ms
    _add(connection, rows)
