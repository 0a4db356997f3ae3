"""The answers of CONTRACTS §4, from what is known of an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.core.errors import AppError
from app.core.exchange import Verdict as Outcome
from app.core.frontdoor import Answer
from app.outbound.models import Status
from app.outbound.verdicts import Verdict
from app.tracking.draft import Draft
from app.tracking.rows import CONSENT_DENIED

RESPONSE_BYTES = 2048


def accepted(draft: Draft) -> Answer:
    """202: on disk, and whatever becomes of it, the caller need not wait."""
    return Answer(202, _payload(draft, "Event accepted"))


def at_once(draft: Draft) -> Answer:
    """What a committed event is answered without waiting: a repeat learns where the first one stands."""
    if draft.verdict is not None:
        return repeated(draft, draft.verdict)
    return not_sent(draft) if draft.consent_denied and draft.original_id is None else accepted(draft)


def not_sent(draft: Draft) -> Answer:
    return Answer(200, _payload(draft, "Event not sent: consent denied"))


def first_verdict(draft: Draft, verdict: Verdict) -> Answer:
    """The outcome of the first attempt, for a request that waited for it."""
    if verdict.status == Status.DONE:
        return Answer(200, _payload(draft, "Event sent successfully"))
    return _failed(draft, verdict)


def repeated(draft: Draft, verdict: Verdict) -> Answer:
    """For an event that was accepted before and has been tried already, or is final."""
    if verdict.status == Status.DONE:
        return Answer(200, _payload(draft, "Event sent successfully"))
    if verdict.status in (Status.PENDING, Status.LEASED):
        return accepted(draft)
    if verdict.status == Status.CANCELLED and verdict.detail == CONSENT_DENIED:
        return not_sent(draft)
    return _failed(draft, verdict)


def _failed(draft: Draft, verdict: Verdict) -> Answer:
    payload: dict[str, Any] = {
        "success": False,
        "error": reason(verdict),
        "resp": _cut(verdict.response or ""),
        "request_id": draft.request_id,
        "event_id": draft.event_id,
        "retrying": verdict.status in (Status.PENDING, Status.LEASED),
    }
    if draft.original_id is not None:
        payload["duplicate"] = True
    return Answer(500, payload)


def reason(verdict: Verdict) -> str:
    """`HTTP <status>` for an error status, else what happened in words."""
    if verdict.status == Status.CANCELLED:
        return "Refused: cancelled"
    if verdict.http_status is not None and verdict.http_status >= 400:
        return f"HTTP {verdict.http_status}"
    if verdict.http_status is not None or verdict.outcome == Outcome.REJECTED:
        return f"Refused: {verdict.detail or 'no reason given'}"
    return "Timeout" if verdict.response == "Timeout" else "Connection failed"


def _cut(text: str) -> str:
    return text.encode()[:RESPONSE_BYTES].decode("utf-8", "ignore")


def batch(outcomes: Sequence[Draft | AppError]) -> Answer:
    """202 with a line for each event, in order: the draft that was recorded, or why it was refused."""
    results = [{"index": index, **_line(outcome)} for index, outcome in enumerate(outcomes)]
    rejected = sum("error" in result for result in results)
    return Answer(202, {"accepted": len(results) - rejected, "rejected": rejected, "results": results})


def _line(outcome: Draft | AppError) -> dict[str, Any]:
    if isinstance(outcome, AppError):
        fields = {name: [str(text) for text in texts] for name, texts in outcome.fields.items()}
        return {"error": str(outcome.message), "fields": fields}
    line: dict[str, Any] = {"request_id": outcome.request_id, "event_id": outcome.event_id}
    return line | {"duplicate": True} if outcome.original_id is not None else line


def _payload(draft: Draft, message: str) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "success": True,
        "message": message,
        "request_id": draft.request_id,
        "event_id": draft.event_id,
    }
    if draft.original_id is not None:
        payload["duplicate"] = True
    return payload
