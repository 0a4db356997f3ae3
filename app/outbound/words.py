"""What the engine writes down about deliveries and attempts, in words: one table for pages, exports and findings."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.exchange import Verdict
from app.outbound.models import ErrorClass

Word = tuple[Any, str, str]  # text, tone, icon

ERRORS: dict[str, Any] = {
    ErrorClass.REFUSED: _l("Refused by the platform"),
    ErrorClass.CREDENTIALS: _l("Credentials refused"),
    ErrorClass.THROTTLED: _l("Slowed down by the platform"),
    ErrorClass.TIMEOUT: _l("No answer in time"),
    ErrorClass.CONNECTION: _l("No connection"),
    ErrorClass.SERVER: _l("Trouble on the platform's side"),
    ErrorClass.EXPIRED: _l("Too old for the platform"),
    ErrorClass.UNBUILT: _l("Could not be prepared"),
    ErrorClass.GONE: _l("Receiver or content gone"),
    ErrorClass.CONSENT: _l("Consent refused"),
    ErrorClass.BY_HAND: _l("Cancelled by a person"),
}
OUTCOMES: dict[str, Word] = {
    Verdict.SENT: (_l("Accepted by the platform"), "success", "check"),
    Verdict.RETRY: (_l("Failed, will be tried again"), "warning", "refresh"),
    Verdict.THROTTLED: (_l("The platform asked to slow down"), "warning", "clock"),
    Verdict.GONE: (_l("The receiver is gone"), "danger", "x"),
    Verdict.AUTH: (_l("The platform refused the credentials"), "danger", "lock"),
    Verdict.REJECTED: (_l("Refused by the platform"), "danger", "x"),
}
UNKNOWN_OUTCOME: Word = (_l("Unknown outcome"), "secondary", "help-circle")  # of another version of the product


def error_word(error: str | None) -> str:
    """A class of errors as it is stored; one of another version of the product is unknown."""
    return str(ERRORS.get(error or "", _("Unknown")))


def outcome_word(outcome: str) -> Word:
    """How an attempt ended."""
    return OUTCOMES.get(outcome, UNKNOWN_OUTCOME)
