"""What happened to one event, from its acceptance to the platform's verdict, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.i18n import datetime_text
from app.outbound.models import Attempt, Delivery, Status
from app.outbound.words import errors_of, outcome_word
from app.pixels.service import KIND
from app.tracking.detail import Detail

TRACE = "fbtrace_id"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry. `answer` is the platform's, formatted where it is JSON; `trace` is Meta's name for the call."""

    at: datetime
    title: Any
    tone: str = "secondary"
    icon: str = "point-filled"
    text: Any = None
    attempt: Attempt | None = None
    answer: str | None = None
    trace: str | None = None


def timeline(found: Detail) -> list[Step]:
    steps = [_attempt(attempt) for attempt in found.attempts]
    event, delivery = found.event, found.delivery
    steps.append(Step(event.created_at, _l("Accepted from the client app"), "info", "download", _accepted(found)))
    if event.repeats and event.repeated_at is not None:
        repeated = _l("Sent again by the client app: recognised as a repeat, not sent twice")
        times = _l("%(number)s times in all; this was the last", number=event.repeats) if event.repeats > 1 else None
        steps.append(Step(event.repeated_at, repeated, "secondary", "copy", times))
    if event.edited_at is not None:
        steps.append(Step(event.edited_at, _l("Fields corrected by a person"), "info", "edit"))
    if delivery is not None:
        steps += _of_delivery(delivery)
    return sorted(steps, key=lambda step: step.at, reverse=True)


def _accepted(found: Detail) -> Any:
    return found.client.name if found.client is not None else None


def _attempt(attempt: Attempt) -> Step:
    title, tone, icon = outcome_word(attempt.outcome, KIND, attempt.detail)
    answer, trace = formatted(attempt.response)
    return Step(
        attempt.started_at,
        _l("Attempt %(n)d: %(outcome)s", n=attempt.n, outcome=title),
        tone,
        icon,
        attempt=attempt,
        answer=answer,
        trace=trace,
    )


def _of_delivery(delivery: Delivery) -> list[Step]:
    steps = []
    if delivery.replayed_at is not None:
        times = _l("Replay %(number)s", number=delivery.generation)
        steps.append(Step(delivery.replayed_at, _l("Sent again by a person"), "info", "refresh", times))
    if delivery.done_at is None:
        return steps
    reason = errors_of(KIND).get(delivery.error or "")
    if delivery.status == Status.DEAD:
        steps.append(Step(delivery.done_at, _l("Given up: it is a dead letter"), "danger", "x", reason))
    elif delivery.status == Status.CANCELLED:
        steps.append(Step(delivery.done_at, _l("Cancelled: it will not be sent"), "secondary", "circle-x", reason))
    elif delivery.status == Status.DONE:
        steps.append(Step(delivery.done_at, _l("Delivered"), "success", "circle-check"))
    return steps


def formatted(response: str | None) -> tuple[str | None, str | None]:
    """An answer with its JSON indented, and Meta's trace id in it."""
    if not response:
        return None, None
    try:
        answer = json.loads(response)
        text = json.dumps(answer, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):  # a page of HTML, or JSON that was cut
        return response, None
    return text, _trace(answer)


def _trace(answer: Any) -> str | None:
    places = [answer, answer.get("error")] if isinstance(answer, dict) else []
    found = next((place[TRACE] for place in places if isinstance(place, dict) and TRACE in place), None)
    return str(found)[:100] if found is not None else None


def notes(found: Detail) -> list[Any]:
    """What is no longer as the last attempt sent it."""
    words = {
        "event": _l("This event was corrected after the last attempt: the next one sends the new values."),
        "pixel": _l("The pixel was changed after the last attempt (%(at)s).", at=datetime_text(_changed(found))),
    }
    return [words[name] for name in found.changed_since]


def _changed(found: Detail) -> datetime | None:
    return found.pixel.updated_at if found.pixel is not None else None
