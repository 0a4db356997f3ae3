"""What the engine writes down about deliveries and attempts, in words: one table for pages, exports and findings.

Whom they speak of follows from the kind: a platform, the mail server, or a receiver (webhooks and the hub). Without a
kind they speak of nobody, for lists of all kinds.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.exchange import Verdict
from app.outbound.detail_words import is_own
from app.outbound.models import ErrorClass

Word = tuple[Any, str, str]  # text, tone, icon
Texts = dict[str, Any]

ERRORS: Texts = {
    ErrorClass.REFUSED: _l("Refused"),
    ErrorClass.CREDENTIALS: _l("Credentials refused"),
    ErrorClass.THROTTLED: _l("Slowed down"),
    ErrorClass.TIMEOUT: _l("No answer in time"),
    ErrorClass.CONNECTION: _l("No connection"),
    ErrorClass.SERVER: _l("Trouble on the other side"),
    ErrorClass.EXPIRED: _l("Too old to be sent"),
    ErrorClass.UNBUILT: _l("Could not be prepared"),
    ErrorClass.GONE: _l("Target or content gone"),
    ErrorClass.CONSENT: _l("Consent refused"),
    ErrorClass.BY_HAND: _l("Cancelled by a person"),
}
_PLATFORM_ERRORS: Texts = ERRORS | {
    ErrorClass.REFUSED: _l("Refused by the platform"),
    ErrorClass.THROTTLED: _l("Slowed down by the platform"),
    ErrorClass.SERVER: _l("Trouble on the platform's side"),
    ErrorClass.EXPIRED: _l("Too old for the platform"),
}
_MAIL_ERRORS: Texts = ERRORS | {
    ErrorClass.REFUSED: _l("Refused by the mail server"),
    ErrorClass.CREDENTIALS: _l("The mail server does not work as it is set"),
    ErrorClass.THROTTLED: _l("Slowed down by the mail server"),
    ErrorClass.SERVER: _l("Trouble on the mail server's side"),
}
_HUB_ERRORS: Texts = ERRORS | {
    ErrorClass.REFUSED: _l("Refused by the receiver"),
    ErrorClass.THROTTLED: _l("Slowed down by the receiver"),
    ErrorClass.SERVER: _l("Trouble on the receiver's side"),
    ErrorClass.GONE: _l("Receiver or content gone"),
}
_WEBHOOK_ERRORS: Texts = _HUB_ERRORS | {
    ErrorClass.REFUSED: _l("Call not allowed"),  # by us: whatever a receiver answers but 410 is tried again
    ErrorClass.SERVER: _l("Not taken by the receiver"),
}
ERRORS_OF: dict[str, Texts] = {
    "conversion": _PLATFORM_ERRORS,
    "mail": _MAIL_ERRORS,
    "webhook": _WEBHOOK_ERRORS,
    "hub": _HUB_ERRORS,
}

_LOOKS = {  # of an outcome, whoever it is about: tone, icon
    Verdict.SENT: ("success", "check"),
    Verdict.RETRY: ("warning", "refresh"),
    Verdict.THROTTLED: ("warning", "clock"),
    Verdict.GONE: ("danger", "x"),
    Verdict.AUTH: ("danger", "lock"),
    Verdict.REJECTED: ("danger", "x"),
}
_OUTCOMES: Texts = {
    Verdict.SENT: _l("Accepted"),
    Verdict.RETRY: _l("Failed, will be tried again"),
    Verdict.THROTTLED: _l("Asked to slow down"),
    Verdict.GONE: _l("The target is gone"),
    Verdict.AUTH: _l("Credentials refused"),
    Verdict.REJECTED: _l("Refused"),
}
_PLATFORM_OUTCOMES: Texts = _OUTCOMES | {
    Verdict.SENT: _l("Accepted by the platform"),
    Verdict.THROTTLED: _l("The platform asked to slow down"),
    Verdict.AUTH: _l("The platform refused the credentials"),
    Verdict.REJECTED: _l("Refused by the platform"),
}
_MAIL_OUTCOMES: Texts = _OUTCOMES | {
    Verdict.SENT: _l("Accepted by the mail server"),
    Verdict.THROTTLED: _l("The mail server asked to slow down"),
    Verdict.AUTH: _l("The mail server does not work as it is set"),
    Verdict.REJECTED: _l("Refused by the mail server"),
}
_RECEIVER_OUTCOMES: Texts = _OUTCOMES | {
    Verdict.SENT: _l("Accepted by the receiver"),
    Verdict.THROTTLED: _l("The receiver asked to slow down"),
    Verdict.GONE: _l("The receiver is gone"),
    Verdict.AUTH: _l("The receiver refused the credentials"),
    Verdict.REJECTED: _l("Refused by the receiver"),
}
OUTCOMES_OF: dict[str, Texts] = {
    "conversion": _PLATFORM_OUTCOMES,
    "mail": _MAIL_OUTCOMES,
    "webhook": _RECEIVER_OUTCOMES,
    "hub": _RECEIVER_OUTCOMES,
}
NOT_ASKED: Word = (_l("Failed, will not be tried again"), "danger", "x")  # rejected here, not by the other side
UNKNOWN_OUTCOME: Word = (_l("Unknown outcome"), "secondary", "help-circle")  # of another version of the product


def errors_of(kind: str | None) -> Texts:
    """Every class of errors with its words."""
    return ERRORS_OF.get(kind or "", ERRORS)


def error_word(error: str | None, kind: str | None = None) -> str:
    """A class of errors as it is stored; one of another version of the product is unknown."""
    return str(errors_of(kind).get(error or "", _("Unknown")))


def outcome_word(outcome: str, kind: str | None = None, detail: str | None = None) -> Word:
    """How an attempt ended; its `detail` tells whether it was we who gave it up."""
    if outcome == Verdict.REJECTED and is_own(detail):
        return NOT_ASKED
    texts = OUTCOMES_OF.get(kind or "", _OUTCOMES)
    return (texts[outcome], *_LOOKS[Verdict(outcome)]) if outcome in texts else UNKNOWN_OUTCOME
