"""Webhooks that the product turns off by itself: gone by their own word, or failing for days without one success."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from app.accounts import audit
from app.core.db import after_commit
from app.core.exchange import Verdict
from app.outbound import targets
from app.outbound.models import Target, TargetState
from app.outbound.results import How, Result

log = logging.getLogger(__name__)
LIMIT = timedelta(days=5)
FAILING, GONE = "failing", "gone"


def disable(connection: Connection, tried: Sequence[Result], at: datetime) -> None:
    """Turns off those of which a call failed just now and no call arrived for LIMIT, and puts into the audit trail
    these and the ones that `learn` paused at `at` since they said that they are gone. When nothing failed it asks
    nothing."""
    calls = [result for result in tried if result.how is How.CALL]
    arrived = {result.row.target_id for result in calls if result.outcome.verdict is Verdict.SENT}
    failed = {result.row.target_id for result in calls} - arrived
    if gone := {result.row.target_id for result in calls if result.outcome.verdict is Verdict.GONE}:
        said_so = Target.id.in_(gone), Target.state == TargetState.PAUSED, Target.reason_code == GONE
        for target in _targets(connection, *said_so, Target.updated_at == at):
            _record(connection, target, GONE)
    if failed:
        is_on = Target.id.in_(failed), Target.state == TargetState.ACTIVE
        for target in _targets(connection, *is_on, Target.failing_since <= at - LIMIT):
            targets.pause(connection, target.id, target.last_error or "", FAILING)
            _record(connection, target, FAILING)


def _targets(connection: Connection, *which: ColumnElement[bool]) -> Sequence[Any]:
    columns = (Target.id, Target.account_id, Target.label, Target.last_error)
    return connection.execute(select(*columns).where(*which).order_by(Target.id)).all()


def _record(connection: Connection, target: Any, why: str) -> None:
    changes: audit.Changes = {"active": [True, False], "reason": [None, why]}
    actor = audit.system_actor(target.account_id)
    audit.record(connection, actor, "webhook.disabled", subject_id=target.id, subject=target.label, changes=changes)
    said = {"target_id": str(target.id), "account_id": str(target.account_id), "reason": why}
    after_commit(connection, f"disabled {target.id}", partial(log.warning, "a webhook was disabled", extra=said))
