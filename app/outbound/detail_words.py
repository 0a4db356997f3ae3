"""Details of attempts as people read them. Stored and in the API they are English; a page translates what we said
ourselves (mostly that no answer came, and why) and leaves what the other side said as it came."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.core import http, smtp
from app.core.deadline import TIMEOUT
from app.core.guard import LEADS_INSIDE, NOT_ALLOWED, NOT_FOLLOWED
from app.core.i18n import number
from app.outbound.attempts import TOO_LATE
from app.outbound.exchange_one import CUT_DETAIL
from app.outbound.mail import ledger, letters
from app.outbound.privacy import FORGOTTEN
from app.outbound.repair import CANCELLED_BY_HAND

FAULTS: dict[str, Any] = {  # a call without an answer, as the clients tell it
    TIMEOUT: _l("Time ran out"),
    NOT_ALLOWED: _l("The address may not be called"),
    http.CONNECTION_FAILED: _l("The connection failed"),
    http.TOO_LARGE: _l("The answer is too long"),
    http.INVALID_ANSWER: _l("The answer cannot be understood"),
    http.INVALID_CALL: _l("The address or a header is not valid"),
    http.NAME_NOT_FOUND: _l("The name of the host is unknown"),
    http.TLS_REFUSED: _l("No secure connection came about"),
    http.NOT_TRUSTED: _l("The certificate is not to be trusted"),
    http.CUT: _l("Cut short, as this server stopped"),
    http.CERTIFICATES[10]: _l("The certificate has expired"),
    http.CERTIFICATES[18]: _l("The certificate is self-signed"),
    http.CERTIFICATES[62]: _l("The certificate is of another host"),
    "No answer": _l("No answer"),
    smtp.NO_SERVER: _l("SMTP_URL is not set"),
    smtp.NO_TLS: _l("The mail server offers no TLS, and a password does not go out without it"),
    smtp.NO_SIGN_IN: _l("The mail server does not take the sign-in that SMTP_URL gives"),
    smtp.NO_UTF8: _l("The mail server takes no address with such letters"),
    smtp.BAD_CERTIFICATE: _l("The mail server's certificate is not to be trusted"),
}
OWN: dict[str, Any] = FAULTS | {  # further sentences of the engine and of what it carries
    LEADS_INSIDE: _l("The address may not be called: it leads to a private or reserved network"),
    NOT_FOLLOWED: _l("Redirect not followed"),
    CUT_DETAIL: _l("Cut short, as this server stopped: it may have arrived"),
    CANCELLED_BY_HAND: _l("Cancelled by a person"),
    FORGOTTEN: _l("The person asked to be forgotten"),
    ledger.TOO_OLD: _l("Too old to be sent"),
    letters.UNREADABLE: _l("The stored letter cannot be read with ENCRYPTION_KEYS"),
    letters.NOT_AN_ADDRESS: _l("The address is none that mail can be sent to"),
    "The target was deleted": _l("The target was deleted"),
    "The target is gone": _l("The target is gone"),
    "What was to be sent is gone": _l("What was to be sent is gone"),
    "Gave up: every worker that sent it died": _l("Gave up: every worker that sent it died"),
    "Gave up: tried too often without an answer": _l("Gave up: tried too often without an answer"),
    "What was answered cannot be stored": _l("What was answered cannot be stored"),
    "INTERNAL_API_TOKEN is not set": _l("INTERNAL_API_TOKEN is not set"),
    "Consent denied": _l("Consent refused"),
    "Unexpected answer": _l("Unexpected answer"),
    "Unexpected answer: no count of events received": _l("Unexpected answer: no count of events received"),
    f"The mail server refuses the recipient: 553 {smtp.NO_UTF8}": FAULTS[smtp.NO_UTF8],
}
LEADS: dict[str, Any] = {  # before a colon; what follows is the other side's
    NOT_FOLLOWED: OWN[NOT_FOLLOWED],
    NOT_ALLOWED: OWN[NOT_ALLOWED],
    "The mail server asks to come back later": _l("The mail server asks to come back later"),
    "The mail server refuses the sign-in": _l("The mail server refuses the sign-in"),
    "The mail server does not talk to us": _l("The mail server does not talk to us"),
    "The mail server refuses the sender": _l("The mail server refuses the sender"),
    "The mail server refuses the recipient": _l("The mail server refuses the recipient"),
    "The mail server refuses the letter": _l("The mail server refuses the letter"),
}
DEFECT = re.compile(r"Could not be (built|read|finished|prepared) \((\w+)\)")
GAVE_UP = re.compile(r" \(gave up after ([0-9]{1,9}) attempts\)$")
STALE = " (too old to be tried again)"


def detail_words(detail: str | None) -> str | None:
    """In templates too. None and what the other side said come back as they are."""
    if not detail:
        return detail
    if gave_up := GAVE_UP.search(detail):
        tries = int(gave_up[1])
        end = ngettext(
            "gave up after %(number)s attempt", "gave up after %(number)s attempts", tries, number=number(tries)
        )
        return _with(detail[: gave_up.start()], end)
    if detail.endswith(STALE):
        return _with(detail.removesuffix(STALE), _("too old to be tried again"))
    if detail.endswith(TOO_LATE):
        return _with(detail.removesuffix(TOO_LATE).rstrip(), _("came too late: another try had begun"))
    return _own(detail)


def is_fault(detail: str) -> bool:
    """Whether nobody answered: this is not what the other side said."""
    return detail in FAULTS


def is_own(detail: str | None) -> bool:
    """Whether all of it is ours: it died of something here, or of what we do not allow."""
    return detail in OWN or DEFECT.fullmatch(detail or "") is not None


def _with(text: str, end: str) -> str:
    return f"{_own(text)} ({end})".lstrip()


def _own(text: str) -> str:
    if text in OWN:
        return str(OWN[text])
    lead, colon, rest = text.partition(": ")
    if colon and lead in LEADS:
        return f"{LEADS[lead]}: {rest}"
    if defect := DEFECT.fullmatch(text):
        what = _("The answer could not be read") if defect[1] == "read" else _("Could not be prepared")
        return f"{what} ({defect[2]})"
    return text
