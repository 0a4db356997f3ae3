"""What became of a mailing and its list, for people."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.i18n import number
from app.opens.mailings.figures import Basis, MailingFigures
from app.opens.mailings.lists import Work
from app.opens.mailings.models import Mailing


def basis_words(mailing: Mailing, figures: MailingFigures) -> str:
    """What the figures of a mailing say, and what they cannot."""
    if figures.basis == Basis.LIST:
        return str(_("Listed ids that were opened since they were sent, by a person or through an image proxy."))
    if mailing.image_id is None:
        counted = _("Ids first opened in this period, whatever e-mail they came with.")
    else:
        counted = _("Ids first opened in this period through this image.")
    if figures.basis == Basis.SENT:
        rate = _("The rate is their share of the number you said were sent.")
    else:
        rate = _("There is no rate: list the ids, or say to how many it was sent.")
    return f"{counted} {rate}"


def delay_words() -> list[tuple[str, str]]:
    """The buckets of DELAY_BOUNDS_H, short and in full."""
    hours = [("1", "3"), ("3", "6"), ("6", "12"), ("12", "24")]
    days = [("1", "2"), ("2", "3"), ("3", "7"), ("7", "14")]
    return [
        ("< 1 h", str(_("within 1 hour"))),
        *((f"{a}–{b} h", str(_("%(a)s to %(b)s hours", a=a, b=b))) for a, b in hours),
        *((f"{a}–{b} d", str(_("%(a)s to %(b)s days", a=a, b=b))) for a, b in days),
        ("> 14 d", str(_("after 14 days"))),
    ]


def said(result: dict[str, Any]) -> str:
    """`result` as a job keeps it: `work`, `removed`, and the counts of a Tally."""
    if result.get("gone"):
        return str(_("The mailing was deleted meanwhile."))
    if result.get("work") == Work.DELETE:
        return str(_("The mailing and its list are deleted."))
    words = {"removed": _removed, "added": _added, "opened": _opened, "duplicates": _duplicates, "wrong": _wrong}
    texts = [word(result[name]) for name, word in words.items() if result.get(name)]
    return " ".join(texts) or str(_("Nothing changed."))


def _removed(count: int) -> str:
    return str(ngettext("%(number)s id taken off.", "%(number)s ids taken off.", count, number=number(count)))


def _added(count: int) -> str:
    return str(ngettext("%(number)s id added.", "%(number)s ids added.", count, number=number(count)))


def _opened(count: int) -> str:
    return str(
        ngettext(
            "%(number)s of them was opened already.",
            "%(number)s of them were opened already.",
            count,
            number=number(count),
        )
    )


def _duplicates(count: int) -> str:
    return str(
        ngettext(
            "%(number)s was on the list already.",
            "%(number)s were on the list already.",
            count,
            number=number(count),
        )
    )


def _wrong(count: int) -> str:
    return str(
        ngettext("%(number)s line was left out.", "%(number)s lines were left out.", count, number=number(count))
    )
