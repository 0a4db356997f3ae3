"""What came of a test, in words, with the next step."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.deadline import TIMEOUT
from app.core.exchange import Verdict
from app.core.guard import NOT_ALLOWED
from app.core.http import (
    CERTIFICATES,
    INVALID_ANSWER,
    INVALID_CALL,
    NAME_NOT_FOUND,
    NOT_TRUSTED,
    TLS_REFUSED,
    TOO_LARGE,
)
from app.core.i18n import number
from app.outbound.detail_words import detail_words
from app.webhooks.trial import Report

REDIRECTS = range(300, 400)
SERVER_TROUBLE = 500
GONE = 410


BAD_CERTIFICATE = _l(
    "Renew it, have it name this host, and send the whole chain: no certificate that one signs oneself is accepted."
)
NO_CONNECTION = (
    _l("No connection"),
    _l("Check the address and its port, and that the receiver runs and can be reached from the internet."),
)
UNREACHED = {  # by what the client says of a call without an answer
    NOT_ALLOWED: (
        _l("The address may not be called"),
        _l("It leads to a private or reserved network. Enter one that is reached from the internet."),
    ),
    NAME_NOT_FOUND: (
        _l("The name of the host is unknown"),
        _l("Check the spelling of the address, and that its name is in the DNS."),
    ),
    TLS_REFUSED: (
        _l("No secure connection came about"),
        _l("Check that it speaks TLS 1.2 or newer on this port."),
    ),
    TOO_LARGE: (_l("Its answer is too long"), _l("An empty answer is enough: let it send nothing but the status.")),
    INVALID_ANSWER: (
        _l("What it answered is no HTTP"),
        _l("Check the address and its port: something else may listen there."),
    ),
    INVALID_CALL: (
        _l("The address or a header is not valid"),
        _l("Correct the address and the headers of the webhook."),
    ),
}


@dataclass(frozen=True, slots=True)
class Advice:
    title: str
    step: str
    tone: str


def advise(report: Report) -> Advice:
    if report.http_status is None:
        return _late(report) if report.detail == TIMEOUT else _unreached(report.detail)
    said = {"status": report.http_status, "ms": number(report.duration_ms)}
    title = _("The endpoint answered %(status)s in %(ms)s ms", **said)
    if report.outcome is Verdict.SENT:
        return Advice(title, _("It took the test. Check there that its signature was verified."), "success")
    return Advice(title, _refused(report.http_status), "danger")


def _late(report: Report) -> Advice:
    step = _(
        "It did not answer within %(seconds)s s. Let it take the message, answer at once, and do the work afterwards.",
        seconds=number(round(report.duration_ms / 1000)),
    )
    return Advice(_("No answer in time"), step, "danger")


def _unreached(detail: str) -> Advice:
    """By what the connection died of, as the client says it."""
    if detail in (NOT_TRUSTED, *CERTIFICATES.values()):
        return Advice(str(detail_words(detail)), str(BAD_CERTIFICATE), "danger")
    title, step = UNREACHED.get(detail.partition(":")[0], NO_CONNECTION)
    return Advice(str(title), str(step), "danger")


def _refused(status: int) -> str:
    """The next step, by the status of the answer."""
    if status in REDIRECTS:
        return str(_("Redirects are not followed: enter the address that it leads to."))
    steps = {
        401: _("It wants to know who calls: add the header it asks for, or check how it verifies the signature."),
        403: _("It forbids the call: add the header it asks for, or let our calls through its firewall."),
        404: _("There is nothing at this address: check the path."),
        405: _("It takes no POST at this address: check the path."),
        408: _("It gave up waiting: let it take the message, answer at once, and do the work afterwards."),
        GONE: _("It wants nothing more: a real delivery would have disabled the webhook."),
        413: _("It takes no message of this size: raise its limit to 256 KB or more."),
        415: _("It does not take JSON: let it accept application/json."),
        429: _("It asked to slow down: allow it fewer calls a second."),
    }
    if status in steps:
        return str(steps[status])
    if status >= SERVER_TROUBLE:
        return str(_("The receiver failed: its own log says why. Real deliveries are tried again."))
    return str(_("It refused the message: its own log says why."))
