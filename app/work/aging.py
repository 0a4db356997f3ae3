"""What is kept for RETENTION_DAYS, and for a shorter time of an account that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, select, true

from app.accounts.account.keeping import AUDIT_DAYS
from app.accounts.models import Account, AuditEntry
from app.core.db import by_account
from app.core.partitions import month_of
from app.core.settings import Settings
from app.opens.mailings.models import MailedId
from app.opens.models import Open, OpenedId, OpenMissHour
from app.outbound.models import OPEN_STATUSES, Attempt, Delivery, Status
from app.outbound.tally import Shift, Stand, shift
from app.tracking.models import TrackedEvent
from app.webhooks.models import WebhookMessage
from app.work.purge import Before, Key, Rule

MISSES_KEPT = timedelta(days=90)  # they hold names of files that anybody may make up
AUDIT_KEPT = timedelta(days=AUDIT_DAYS)


@dataclass(frozen=True, slots=True)
class Aging:
    """Rows that go when they are too old. `also`: what else must be so; `at_most`: never kept longer; `at_least`: not
    made shorter by an account; `by_month`: its key goes on with the age, and on PostgreSQL whole months are dropped."""

    model: Any
    age: Any
    also: ColumnElement[bool] = field(default_factory=true)
    before: Before | None = None
    at_most: timedelta = timedelta.max
    at_least: timedelta = timedelta()
    by_month: bool = False

    def kept_since(self, settings: Settings, now: datetime) -> datetime:
        return now - min(timedelta(days=settings.retention_days), self.at_most)

    def rule(self, oldest: datetime) -> Rule:
        return Rule(self.model, (self.age < oldest) & self.also, self.age, self.before)

    def rule_of(self, own: OwnTime, since: datetime, until: datetime) -> Rule:
        """Of one account: what is younger than `since`, which goes for all alike, and older than `until`."""
        is_theirs = self.model.account_id == own.account_id
        span = (self.age >= since) & (self.age < until)
        within = is_theirs & span if self.by_month else is_theirs
        return Rule(self.model, is_theirs & span & self.also, self.age, self.before, within, own.name)


class OwnTime(NamedTuple):
    """An account that keeps things for a shorter time than the installation."""

    account_id: UUID
    name: str
    days: int


def agings() -> tuple[Aging, ...]:
    """The open deliveries of an old event outlive it and are cancelled. Figures (rollups) stay."""
    is_final = Delivery.status.not_in(OPEN_STATUSES)
    return (
        Aging(Delivery, Delivery.created_at, is_final, _take_from_tally),
        Aging(OpenedId, OpenedId.last_hit_at),
        Aging(MailedId, MailedId.sent_at),
        Aging(OpenMissHour, OpenMissHour.hour, at_most=MISSES_KEPT),
        Aging(TrackedEvent, TrackedEvent.created_at, by_month=True),
        Aging(Attempt, Attempt.created_at, by_month=True),
        Aging(Open, Open.created_at, by_month=True),
        Aging(WebhookMessage, WebhookMessage.created_at, by_month=True),
        # A trail that an account can cut to 30 days is none.
        Aging(AuditEntry, AuditEntry.created_at, at_least=AUDIT_KEPT, by_month=True),
    )


def own_times(engine: Engine, settings: Settings) -> list[OwnTime]:
    days = Account.retention_days
    shorter = select(Account.id, Account.name, days).where(days < settings.retention_days).order_by(Account.id)
    with engine.connect() as connection:
        return [OwnTime(id_, name, own or 0) for id_, name, own in connection.execute(shorter)]


def rules_for_all(settings: Settings, dialect: str, now: datetime) -> list[Rule]:
    """What goes row by row; on PostgreSQL not what goes by months."""
    by_row = (aging for aging in agings() if not aging.by_month or dialect == "sqlite")
    return [aging.rule(aging.kept_since(settings, now)) for aging in by_row]


def rules_of_accounts(engine: Engine, settings: Settings, now: datetime) -> Iterator[Rule]:
    """What goes sooner than for all, account by account. On PostgreSQL row by row within months that others keep: those
    that end before `kept_since` go whole."""
    for own in own_times(engine, settings):
        for aging in agings():
            since = aging.kept_since(settings, now)
            if aging.by_month and engine.dialect.name == "postgresql":
                since = month_of(since)
            until = now - max(timedelta(days=own.days), aging.at_least)
            if until > since:
                yield aging.rule_of(own, since, until)


def _take_from_tally(connection: Connection, keys: list[Key]) -> None:
    """Removed dead letters are dead no longer. The hours stay as they were: they tell what happened."""
    for account_id, ids in by_account((key[0], key[1]) for key in keys).items():
        dead = select(Delivery.target_id, Delivery.ref_at, Delivery.error, Delivery.done_at).where(
            Delivery.account_id == account_id, Delivery.id.in_(ids), Delivery.status == Status.DEAD
        )
        gone = [
            Shift(account_id, row.target_id, row.ref_at, Stand(Status.DEAD, row.error, row.done_at), None)
            for row in connection.execute(dead)
        ]
        shift(connection, gone, apart=True)
