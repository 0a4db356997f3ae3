"""What a test event came to, in words, with the next step."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from app.core.deadline import TIMEOUT
from app.core.errors import Text
from app.core.exchange import Verdict
from app.core.http import INVALID_ANSWER, INVALID_CALL, TOO_LARGE
from app.outbound.results import How
from app.pixels.trial import Report


@dataclass(frozen=True, slots=True)
class Advice:
    """`wants_token`: the next step is to replace the pixel's token."""

    tone: str
    title: Text
    step: Text
    wants_token: bool = False


LOOK = {
    "facebook": _l("Look at Events Manager → your pixel → Test events: it appears there within a minute."),
    "kwai": _l("Look at the test page of the pixel in Kwai's events manager; it may take some minutes to appear."),
}
TOKEN = {
    "facebook": _l(
        "Create a new access token (Events Manager → your pixel → Settings → Conversions API → Generate access token) "
        "and replace it here. Check too that the pixel ID is the one that the token was made for."
    ),
    "kwai": _l(
        "Create a new access token in Kwai's events manager, on the page of this pixel, and replace it here. Check too "
        "that the pixel ID is the one that the token was made for."
    ),
}
REFUSED = {
    "facebook": _l("Its answer below names what it did not like. Correct that setting of the pixel and send again."),
    "kwai": _l(
        "Its answer below names what it did not like. Most often the click ID is old: take a new one from Kwai's test "
        "page and send again."
    ),
}
SLOW = Advice(
    "warning",
    _l("The platform asked to slow down"),
    _l("Nothing is wrong with the pixel: too much was sent with this token. Wait some minutes and send again."),
)
NO_ANSWER = Advice(
    "warning",
    _l("The platform did not answer in time"),
    _l("The test may have arrived all the same. Send again; if this lasts, look at the platform's status page."),
)
UNREACHABLE = Advice(
    "danger",
    _l("The platform could not be reached"),
    _l("Ask whoever runs this server whether it may call the platform: network, DNS, firewall."),
)
UNBUILT = Advice(
    "danger",
    _l("No call could be made of this pixel"),
    _l("Check the pixel ID and the settings of the pixel. Nothing was sent."),
)
TROUBLE = Advice(
    "warning",
    _l("The platform has trouble of its own"),
    _l("Nothing is wrong with the pixel. Real events would be tried again by themselves. Send again in some minutes."),
)
ODD = Advice(
    "warning",
    _l("The platform's answer was not understood"),
    _l("It is below as it came. Send again; if it stays so, the address of the platform on this server may be wrong."),
)
ODD_ERRORS = {TOO_LARGE, INVALID_ANSWER, INVALID_CALL}


def advise(platform: str, report: Report) -> Advice:
    match report.outcome:
        case Verdict.SENT:
            return Advice("success", _l("The platform accepted the test event"), LOOK[platform])
        case Verdict.AUTH:
            return Advice("danger", _l("The platform refused the credentials"), TOKEN[platform], wants_token=True)
        case Verdict.THROTTLED:
            return SLOW
        case Verdict.RETRY:
            return _of_trouble(report)
        case _ if report.how is How.UNBUILT:
            return UNBUILT
        case _:
            return Advice("danger", _l("The platform refused the event"), REFUSED[platform])


def _of_trouble(report: Report) -> Advice:
    if report.http_status is None:
        if report.detail == TIMEOUT:
            return NO_ANSWER
        return ODD if report.detail in ODD_ERRORS else UNREACHABLE
    return ODD if report.http_status < 400 else TROUBLE
