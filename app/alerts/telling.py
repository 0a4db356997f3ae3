"""Telling: the alerts' rows, the letters and the events of one rule, in one transaction or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.models import Account
from app.accounts.roles import Role, permissions_of
from app.alerts import news
from app.alerts.letters import Line, letter
from app.alerts.models import Alert
from app.alerts.news import End
from app.alerts.rules import Person, Rule, people_of, recipients
from app.alerts.topics import is_about_mail
from app.alerts.words import said
from app.attention.checks import Severity
from app.core import mail
from app.core.db import begin_write
from app.core.events import emit_all
from app.core.i18n import in_zone
from app.core.ids import uuid7
from app.core.mail import Letter
from app.core.wire import timestamp

WORTH = timedelta(days=2)
Fresh = Sequence[tuple[Row[Any], datetime | None]]
Again = Sequence[tuple[Row[Any], Row[Any]]]
Over = Sequence[tuple[Row[Any], End]]
Posted = list[tuple[str, Letter]]
_INSERTS = {
    "sqlite": sqlite.insert(Alert).on_conflict_do_nothing().returning(Alert.id),
    "postgresql": postgresql.insert(Alert).on_conflict_do_nothing().returning(Alert.id),
}


def is_worse(finding: Row[Any], alert: Row[Any]) -> bool:
    """Than when it was told."""
    return bool(finding.severity == Severity.DANGER != alert.severity)


class Meanwhile(Exception):
    """Another process was first: nothing of ours is written, and the next look sees what there is."""


def tell(engine: Engine, account_id: UUID, rule: Rule, fresh: Fresh, again: Again, over: Over, now: datetime) -> None:
    """Raises Meanwhile."""
    with engine.connect() as connection:
        people = people_of(connection, account_id)
        zone = connection.scalar(select(Account.timezone).where(Account.id == account_id))
    to = recipients(rule, people) if rule.by_mail else []
    begun = [_begun(account_id, rule, row, told_at, to, now) for row, told_at in fresh]
    renewed = [_renewed(rule, alert, finding, to, now) for alert, finding in again]
    told = [row for row in begun if row["times"]] + renewed
    ended = [(alert, end) for alert, end in over if alert.times]
    posted = _raised_letters(rule, people, told) + _ended_letters(rule, people, ended)
    raised = [_payload(row, zone) for row in told] if rule.by_webhook else []
    gone = [news.ended(_payload(row._asdict(), zone), now, end) for row, end in ended if row.by_webhook]
    with begin_write(engine) as connection:
        _write(connection, begun, renewed, [alert for alert, _end in over], now)
        for email, wanted in posted:
            mail.post(connection, account_id, email, wanted, now + WORTH)
        emit_all(connection, news.RAISED, account_id, raised)
        emit_all(connection, news.RESOLVED, account_id, gone)


def _begun(
    account_id: UUID, rule: Rule, finding: Row[Any], told_at: datetime | None, to: list[Person], now: datetime
) -> dict[str, Any]:
    """The row of a new alert; quiet when the same was told lately."""
    is_quiet = told_at is not None and now - told_at < timedelta(hours=rule.repeat_hours)
    is_told = not is_quiet and (rule.by_mail or rule.by_webhook)
    return {
        "id": uuid7(),
        "account_id": account_id,
        "topic": rule.topic.key,
        "kind": finding.kind,
        "subject": finding.subject,
        "severity": finding.severity,
        "facts": finding.facts,
        "raised_at": now,
        "told_at": told_at if is_quiet else now,
        "times": int(is_told),
        "user_ids": _ids(finding, to) if is_told else [],
        "by_webhook": is_told and rule.by_webhook,
        "resolved_at": None,
    }


def _renewed(rule: Rule, alert: Row[Any], finding: Row[Any], to: list[Person], now: datetime) -> dict[str, Any]:
    """The row of an alert that is told again, with what it was told at last."""
    return alert._asdict() | {
        "severity": finding.severity,
        "facts": finding.facts,
        "before": alert.told_at,
        "is_worse": is_worse(finding, alert),
        "told_at": now,
        "times": alert.times + 1,
        "user_ids": sorted({*alert.user_ids, *_ids(finding, to)}),
        "to": _ids(finding, to),
        "by_webhook": alert.by_webhook or rule.by_webhook,
    }


def _ids(finding: Row[Any], to: Iterable[Person]) -> list[str]:
    """Nobody, where the mail server itself is the trouble: the letters would wait, and be more of it."""
    return [] if is_about_mail(finding.facts) else [person.id for person in to]


def _raised_letters(rule: Rule, people: list[Person], told: list[dict[str, Any]]) -> Posted:
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in told:
        for id_ in row.get("to", row["user_ids"]):
            lines[id_].append(Line(row["kind"], row["subject"], row["facts"], row["times"], row.get("is_worse", False)))
    return _letters(rule, people, lines)


def _ended_letters(rule: Rule, people: list[Person], ended: Over) -> Posted:
    lines: dict[str, list[Line]] = defaultdict(list)
    for alert, end in ended:
        for id_ in alert.user_ids:
            lines[id_].append(Line(alert.kind, alert.subject, alert.facts, end=end))
    return _letters(rule, people, lines)


def _letters(rule: Rule, people: list[Person], lines: dict[str, list[Line]]) -> Posted:
    """To those who can still sign in."""
    return [(person.email, letter(rule, person, lines[person.id])) for person in people if person.id in lines]


def _payload(row: dict[str, Any], zone: str | None) -> dict[str, Any]:
    """As other systems are told, in the product's own language and the account's zone."""
    with mail.in_language_of(None), in_zone(zone):
        words = said(row["kind"], row["subject"], row["facts"], permissions_of(Role.ADMIN).__contains__)
    plain = {name: row[name] for name in ("topic", "kind", "subject", "severity", "times")}
    return plain | {
        "title": words.title,
        "text": words.text,
        "url": words.url,
        "raisedAt": timestamp(row["raised_at"]),
    }


def _write(
    connection: Connection,
    begun: list[dict[str, Any]],
    renewed: list[dict[str, Any]],
    over: list[Row[Any]],
    now: datetime,
) -> None:
    """Every change is conditional: two processes that look at once tell once. Raises Meanwhile."""
    for row in begun:
        if connection.execute(_INSERTS[connection.dialect.name], row).one_or_none() is None:
            raise Meanwhile
    for row in renewed:
        kept = {name: row[name] for name in ("severity", "facts", "told_at", "times", "user_ids", "by_webhook")}
        same = Alert.id == row["id"], Alert.resolved_at.is_(None), Alert.told_at == row["before"]
        if not connection.execute(update(Alert).where(*same).values(**kept)).rowcount:
            raise Meanwhile
    for alert in over:
        still = Alert.id == alert.id, Alert.resolved_at.is_(None), Alert.times == alert.times
        if not connection.execute(update(Alert).where(*still).values(resolved_at=now)).rowcount:
            raise Meanwhile
