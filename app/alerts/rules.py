"""A rule as it holds: the stored one, or the topic's defaults; and who gets its letters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Row, select

from app.accounts.models import Account, User
from app.accounts.roles import Role
from app.alerts.models import AlertRule
from app.alerts.topics import TOPICS, Topic

REPEAT_HOURS, MOST_REPEAT_HOURS = 24, 168


@dataclass(frozen=True, slots=True)
class Rule:
    """How one topic alerts an account. `version` 0: nobody changed it yet. `user_ids` empty: the administrators."""

    topic: Topic
    enabled: bool
    threshold: int | None
    by_mail: bool
    user_ids: tuple[str, ...]
    by_webhook: bool
    repeat_hours: int
    version: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be told, in their language and by their clock."""

    id: str
    name: str
    email: str
    role: str
    locale: str | None
    timezone: str


def default(topic: Topic) -> Rule:
    number = topic.threshold.default if topic.threshold else None
    return Rule(topic, True, number, False, (), True, REPEAT_HOURS, 0)


def of_row(topic: Topic, row: AlertRule | Row[tuple[AlertRule]]) -> Rule:
    number = row.threshold if topic.threshold else None
    return Rule(
        topic, row.enabled, number, row.by_mail, tuple(row.user_ids), row.by_webhook, row.repeat_hours, row.version
    )


def rules_of(connection: Connection, account_ids: Iterable[UUID]) -> dict[tuple[UUID, str], Rule]:
    """Every topic's rule of each account, by account and topic."""
    wanted = list(account_ids)
    rows = connection.execute(select(AlertRule.__table__).where(AlertRule.account_id.in_(wanted)))
    stored = {(row.account_id, row.topic): row for row in rows}
    return {
        (account_id, topic.key): of_row(topic, stored[account_id, topic.key])
        if (account_id, topic.key) in stored
        else default(topic)
        for account_id in wanted
        for topic in TOPICS
    }


def people_of(connection: Connection, account_id: UUID) -> list[Person]:
    """Everybody of the account who can sign in, by name."""
    found = (
        select(User.id, User.name, User.email, User.role, User.locale, User.timezone, Account.timezone.label("zone"))
        .join(Account, Account.id == User.account_id)
        .where(User.account_id == account_id, User.disabled_at.is_(None))
        .order_by(User.name, User.id)
    )
    return [
        Person(str(row.id), row.name, row.email, row.role, row.locale, row.timezone or row.zone)
        for row in connection.execute(found)
    ]


def recipients(rule: Rule, people: Iterable[Person]) -> list[Person]:
    """Who gets the rule's letters. When all who were chosen have left, the administrators do: an alert that reaches
    nobody is none."""
    everybody = list(people)
    chosen = [person for person in everybody if person.id in rule.user_ids]
    return chosen or [person for person in everybody if person.role == Role.ADMIN]
