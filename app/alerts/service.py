"""The verbs on rules and alerts, shared by pages and API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, Select, delete, select
from sqlalchemy.exc import IntegrityError

from app.accounts import audit
from app.alerts.models import Alert, AlertRule
from app.alerts.rules import MOST_REPEAT_HOURS, Person, Rule, default, of_row, people_of, rules_of
from app.alerts.topics import TOPICS, Topic
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, Text
from app.core.ids import uuid7

FIELDS = {  # as the API calls them -> as they are kept
    "enabled": "enabled",
    "threshold": "threshold",
    "byMail": "by_mail",
    "userIds": "user_ids",
    "byWebhook": "by_webhook",
    "repeatHours": "repeat_hours",
}
MOST_PEOPLE = 50
NO_PERSON = _l("There is no such person, or they can no longer sign in.")


def rules(account_id: UUID) -> list[Rule]:
    """Of every topic, in their order."""
    found = rules_of(db.session.connection(), [account_id])
    return [found[account_id, topic.key] for topic in TOPICS]


def rule_of(account_id: UUID, topic: Topic) -> Rule:
    row = _row(account_id, topic)
    return default(topic) if row is None else of_row(topic, row)


def people(account_id: UUID) -> list[Person]:
    return people_of(db.session.connection(), account_id)


def save(actor: Actor, topic: Topic, values: Mapping[str, Any], *, version: int | None = None) -> Rule:
    """Changes what `values` gives, by the API's names. Raises Invalid, or Conflict with the current rule when `version`
    is not the stored one (0: nobody changed it yet)."""
    row = _row(actor.account_id, topic, lock=True)
    before = default(topic) if row is None else of_row(topic, row)
    if version is not None and version != before.version:
        raise Conflict(current=before)
    known = people(actor.account_id)
    wanted = _checked(topic, values, known)
    kept = {name: audit.plain(getattr(before, name)) for name in FIELDS.values()}
    changes = audit.changed(kept, wanted)
    if not changes:
        return before
    row = row or _first(actor.account_id, before)
    for name, value in wanted.items():
        setattr(row, name, value)
    row.version, row.updated_at = before.version + 1, clock.now()
    db.session.flush()
    _record(actor, topic, changes, known)
    return of_row(topic, row)


def _row(account_id: UUID, topic: Topic, *, lock: bool = False) -> AlertRule | None:
    wanted = select(AlertRule).where(AlertRule.account_id == account_id, AlertRule.topic == topic.key)
    found: AlertRule | None = db.session.scalar(wanted.with_for_update() if lock else wanted)
    return found


def _first(account_id: UUID, rule: Rule) -> AlertRule:
    """The row of a topic that nobody changed yet. Raises Conflict when somebody else does it at this moment."""
    row = AlertRule(
        id=uuid7(),
        account_id=account_id,
        topic=rule.topic.key,
        **{name: getattr(rule, name) for name in FIELDS.values() if name != "user_ids"},
        user_ids=[],
        updated_at=clock.now(),
        version=1,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise Conflict(current=rule) from None
    return row


def _checked(topic: Topic, values: Mapping[str, Any], known: list[Person]) -> dict[str, Any]:
    """By column. Raises Invalid."""
    wrong: dict[str, list[Text]] = {}
    if values.get("threshold") is not None:
        limits = topic.threshold
        if limits is None:
            wrong["threshold"] = [_l("This topic has no threshold.")]
        elif not limits.least <= values["threshold"] <= limits.most:
            wrong["threshold"] = [_between(limits.least, limits.most)]
    if not 1 <= values.get("repeatHours", 1) <= MOST_REPEAT_HOURS:
        wrong["repeatHours"] = [_between(1, MOST_REPEAT_HOURS)]
    ids = list(dict.fromkeys(values.get("userIds", ())))
    if len(ids) > MOST_PEOPLE:
        wrong["userIds"] = [_l("At most %(max)d people.", max=MOST_PEOPLE)]
    elif set(ids) - {person.id for person in known}:
        wrong["userIds"] = [NO_PERSON]
    if wrong:
        raise Invalid(wrong)
    given = {FIELDS[name]: values[name] for name in FIELDS if values.get(name) is not None}
    return given | ({"user_ids": ids} if "user_ids" in given else {})


def _between(least: int, most: int) -> Text:
    return _l("A whole number from %(least)d to %(most)d.", least=least, most=most)


def _record(actor: Actor, topic: Topic, changes: audit.Changes, known: list[Person]) -> None:
    """People by their addresses, as everywhere in the audit."""
    if pair := changes.pop("user_ids", None):
        emails = {person.id: person.email for person in known}
        changes["recipients"] = [[emails.get(id, id) for id in ids] for ids in pair]
    audit.record(db.session(), actor, "alert_rule.updated", subject_id=topic.key, subject=topic.key, changes=changes)


def search(account_id: UUID, is_open: bool | None = None) -> Select[Alert]:
    """What the account was alerted of: what is open first, then the latest."""
    found = select(Alert).where(Alert.account_id == account_id)
    if is_open is not None:
        found = found.where(Alert.resolved_at.is_(None) if is_open else Alert.resolved_at.is_not(None))
    return found.order_by(Alert.resolved_at.is_not(None), Alert.raised_at.desc(), Alert.id.desc())


def discard(connection: Connection, _name: str, account_id: UUID, _payload: dict[str, Any]) -> None:
    """The rules and alerts of an account that nobody joined go with it."""
    for model in (Alert, AlertRule):
        connection.execute(delete(model).where(model.account_id == account_id))
