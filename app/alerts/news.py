"""What other systems are told of alerts: alert.raised and alert.resolved."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from flask_babel import lazy_gettext as _l

from app.core.event_types import EventType, declare
from app.core.schema import Out
from app.core.wire import timestamp

RAISED, RESOLVED = "alert.raised", "alert.resolved"


class End(StrEnum):
    """Why an alert is over."""

    GONE = "gone"  # its cause is
    BELOW = "below"  # its cause is there, and below the rule's threshold
    OFF = "off"  # somebody switched the rule off


class AlertRaised(Out):
    """`times` counts how often it was told, this time included; `url` is the page of the next step."""

    topic: str
    kind: str
    subject: str
    severity: Literal["warning", "danger"]
    title: str
    text: str
    url: str
    raised_at: datetime
    times: int


class AlertResolved(AlertRaised):
    """`reason`: the cause is `gone`, it is `below` the threshold, or the rule was switched `off`."""

    resolved_at: datetime
    reason: Literal["gone", "below", "off"]


_EXAMPLE: dict[str, Any] = {
    "topic": "dead_letters",
    "kind": "dead_letters",
    "subject": "01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01",
    "severity": "warning",
    "title": "Meta 123456789012345 (Main shop): 12 deliveries were given up",
    "text": "Most often: refused by the platform. Look at why, then send them again or cancel them.",
    "url": "https://kalitrack.example.com/deliveries/dead?target=01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01",
    "raisedAt": "2026-11-22T12:00:00.000Z",
    "times": 1,
}
_ENDED = {"resolvedAt": "2026-11-22T13:30:00.000Z", "reason": "gone"}


def declare_events() -> None:
    declare(
        EventType(RAISED, _l("Something needs a person, or still does after the rule's hours"), AlertRaised, _EXAMPLE),
        EventType(RESOLVED, _l("What an alert told of is over"), AlertResolved, _EXAMPLE | _ENDED),
    )


def ended(told: dict[str, Any], at: datetime, reason: End) -> dict[str, Any]:
    """The payload of alert.resolved, from what alert.raised would say."""
    return told | {"resolvedAt": timestamp(at), "reason": reason.value}
