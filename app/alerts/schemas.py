"""Rules and alerts on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.alerts.rules import Rule
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema


class AlertRuleChange(Schema):
    """What is given is replaced, the rest stays. An empty `userIds` means the administrators. `version` guards against
    a change made meanwhile; it is 0 where nobody changed the rule yet."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"threshold": 10, "byMail": True, "userIds": [], "repeatHours": 24}]}
    )

    enabled: bool | None = None
    threshold: int | None = None
    by_mail: bool | None = None
    user_ids: list[UUID] | None = Field(None, max_length=200)
    by_webhook: bool | None = None
    repeat_hours: int | None = None
    version: int | None = None


class ThresholdOut(Out):
    unit: Literal["number", "minutes", "percent", "days"]
    least: int
    most: int
    default: int


class AlertRuleOut(Out):
    """`threshold` is null where every finding of the topic is alerted of; `limits` say what it may be."""

    topic: str
    kinds: list[str]
    enabled: bool
    threshold: int | None
    limits: ThresholdOut | None
    by_mail: bool
    user_ids: list[UUID]
    by_webhook: bool
    repeat_hours: int
    version: int

    @classmethod
    def of(cls, rule: Rule) -> AlertRuleOut:
        topic = rule.topic
        return cls(
            topic=topic.key,
            kinds=sorted(topic.kinds),
            enabled=rule.enabled,
            threshold=rule.threshold,
            limits=ThresholdOut.model_validate(topic.threshold) if topic.threshold else None,
            by_mail=rule.by_mail,
            user_ids=[UUID(id) for id in rule.user_ids],
            by_webhook=rule.by_webhook,
            repeat_hours=rule.repeat_hours,
            version=rule.version,
        )


class AlertRulesOut(Out):
    data: list[AlertRuleOut]


class AlertFilter(PageQuery):
    state: Literal["open", "resolved"] | None = None


class AlertOut(Out):
    """`title` and `text` are for people; `url` is the page of the next step. `times`: how often it was told, 0 while it
    is kept quiet since the same was told lately. `resolvedAt` is null while it lasts."""

    id: UUID
    topic: str
    kind: str
    subject: str
    severity: Literal["warning", "danger"]
    title: str
    text: str
    url: str
    times: int
    raised_at: datetime
    told_at: datetime
    resolved_at: datetime | None
