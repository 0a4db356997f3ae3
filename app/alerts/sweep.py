"""Findings against rules, again and again: what is to be told is told once, however many processes look."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.alerts.models import Alert
from app.alerts.news import End
from app.alerts.rules import Rule, rules_of
from app.alerts.telling import Meanwhile, is_worse, tell
from app.alerts.topics import OF_KIND
from app.attention.checks import Severity
from app.attention.models import Finding
from app.core import clock

log = logging.getLogger(__name__)
LASTS_S = 2.0  # of the ticker's time: what is left is told at the next look
Key = tuple[str, str]  # kind and subject, within an account

_FINDINGS = select(
    Finding.account_id, Finding.kind, Finding.subject, Finding.severity, Finding.facts
).where(Finding.resolved_at.is_(None), Finding.kind.in_(OF_KIND))  # fmt: skip
_ALERTS = select(Alert.__table__).where(Alert.resolved_at.is_(None))


@dataclass(slots=True)
class Plan:
    """What one rule has to do. `fresh`: findings without an alert, each with the moment it was last told lately, if it
    was; `again`: alerts whose time is up or that have become worse, with their finding; `over`: alerts that end."""

    rule: Rule
    fresh: list[tuple[Row[Any], datetime | None]] = field(default_factory=list)
    again: list[tuple[Row[Any], Row[Any]]] = field(default_factory=list)
    over: list[tuple[Row[Any], End]] = field(default_factory=list)


def sweep(engine: Engine) -> int:
    """Tells what is new, what lasts and what is over; how many rules had something to do. Inside an app's context. Two
    queries when nothing is open; a rule that fails holds up no other, nor does a database that fails the caller."""
    now, done, ends_at = clock.now(), 0, clock.monotonic() + LASTS_S
    try:
        with engine.connect() as connection:
            plans = _plans(connection, now)
    except SQLAlchemyError as error:
        log.warning("alerts could not be looked for: %s", type(error).__name__)
        return 0
    for account_id, plan in plans:
        if clock.monotonic() > ends_at:
            break
        try:
            tell(engine, account_id, plan.rule, plan.fresh, plan.again, plan.over, now)
            done += 1
        except Meanwhile:
            log.info("alerts of %s were told by another process", plan.rule.topic.key)
        except Exception:
            log.exception("alerts of %s could not be told; they are tried again", plan.rule.topic.key)
    return done


def _plans(connection: Connection, now: datetime) -> list[tuple[UUID, Plan]]:
    """Those that have something to do. Alerts are read first: what is then found is newer."""
    alerts = {(row.account_id, row.kind, row.subject): row for row in connection.execute(_ALERTS)}
    found = {(row.account_id, row.kind, row.subject): row for row in connection.execute(_FINDINGS)}
    rules = rules_of(connection, {account_id for account_id, _kind, _subject in (*alerts, *found)})
    plans: dict[tuple[UUID, str], Plan] = {}
    for key in sorted({*alerts, *found}, key=str):
        topic = OF_KIND.get(key[1])
        if topic is not None:
            rule = rules[key[0], topic.key]
            plan = plans.setdefault((key[0], topic.key), Plan(rule))
            _place(plan, alerts.get(key), found.get(key), now)
    _remember(connection, plans, now)
    busy = [(account_id, plan) for (account_id, _topic), plan in plans.items()]
    return [(account_id, plan) for account_id, plan in busy if plan.fresh or plan.again or plan.over]


def _place(plan: Plan, alert: Row[Any] | None, finding: Row[Any] | None, now: datetime) -> None:
    rule = plan.rule
    is_worth = finding is not None and rule.topic.is_worth(finding.facts, rule.threshold, now)
    if alert is None:
        if finding is not None and is_worth and rule.enabled:
            plan.fresh.append((finding, None))
    elif finding is None:
        plan.over.append((alert, End.GONE))
    elif not rule.enabled:
        plan.over.append((alert, End.OFF))
    elif not is_worth:
        plan.over.append((alert, End.BELOW))
    elif rule.by_mail or rule.by_webhook:
        is_due = now - alert.told_at >= timedelta(hours=rule.repeat_hours)
        if is_due or is_worse(finding, alert):
            plan.again.append((alert, finding))


def _remember(connection: Connection, plans: dict[tuple[UUID, str], Plan], now: datetime) -> None:
    """When each fresh thing was last told: what comes and goes, or gets worse and better, is told no more often than
    what stays."""
    asked = {account_id for (account_id, _topic), plan in plans.items() if plan.fresh or plan.again}
    if not asked:
        return
    told: dict[UUID, dict[Key, dict[str, datetime]]] = defaultdict(lambda: defaultdict(dict))
    last = select(Alert.account_id, Alert.kind, Alert.subject, Alert.severity, func.max(Alert.told_at)).where(
        Alert.account_id.in_(asked), Alert.times > 0
    )
    grouped = last.group_by(Alert.account_id, Alert.kind, Alert.subject, Alert.severity)
    for account_id, kind, subject, severity, at in connection.execute(grouped):
        told[account_id][kind, subject][severity] = at

    def told_at(account_id: UUID, finding: Row[Any]) -> datetime | None:
        """As bad as it is now, or worse."""
        times = told[account_id][finding.kind, finding.subject]
        return max(
            (at for severity, at in times.items() if severity in (finding.severity, Severity.DANGER)), default=None
        )

    for (account_id, _topic), plan in plans.items():
        plan.fresh = [(row, told_at(account_id, row)) for row, _none in plan.fresh]
        since = now - timedelta(hours=plan.rule.repeat_hours)
        plan.again = [pair for pair in plan.again if (told_at(account_id, pair[1]) or since) <= since]
