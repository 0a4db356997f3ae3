"""Telling errors apart in kinds that people can act on."""

from __future__ import annotations

from app.core.exchange import Verdict
from app.outbound.models import ErrorClass
from app.outbound.results import How, Result

BY_VERDICT = {
    Verdict.AUTH: ErrorClass.CREDENTIALS,
    Verdict.THROTTLED: ErrorClass.THROTTLED,
    Verdict.GONE: ErrorClass.GONE,
    Verdict.REJECTED: ErrorClass.REFUSED,
}


def error_class(result: Result) -> ErrorClass | None:
    """None for what was sent."""
    verdict = result.outcome.verdict
    if verdict is Verdict.SENT:
        return None
    if result.how is How.UNBUILT:
        return ErrorClass.UNBUILT
    if result.how is How.UNSENT and verdict is Verdict.REJECTED:
        return ErrorClass.EXPIRED if _is_expired(result) else ErrorClass.TIMEOUT
    if verdict is Verdict.RETRY:
        return _of_trouble(result)
    return BY_VERDICT[verdict]


def _is_expired(result: Result) -> bool:
    expires_at = result.row.expires_at
    return expires_at is not None and expires_at <= result.started_at


def _of_trouble(result: Result) -> ErrorClass:
    if result.is_answered or result.http_status is not None:
        return ErrorClass.SERVER
    return ErrorClass.TIMEOUT if result.outcome.detail.startswith("Timeout") else ErrorClass.CONNECTION
