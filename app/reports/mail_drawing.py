"""Opens as the overview shows them."""

from __future__ import annotations

from flask_babel import gettext as _
from markupsafe import Markup

from app.core import i18n
from app.core.figure_cards import Card, card
from app.opens.dashboard.drawing import ranking
from app.opens.dashboard.links import Links
from app.opens.dashboard.numbers import CLIENT, DEVICE, reopened, shown_by
from app.opens.rules.words import client_word, device_word
from app.reports.mail import MailOpens

MOST = 5


def cards(found: MailOpens, links: Links) -> list[Card]:
    ours, theirs = found.total, found.before
    return [
        card(
            _("Total views"),
            i18n.number(ours.views),
            links.views(),
            found.change("views"),
            i18n.number(theirs.views) if theirs else None,
        ),
        card(
            _("Unique views"),
            i18n.number(ours.firsts),
            links.firsts(),
            found.change("firsts"),
            i18n.number(theirs.firsts) if theirs else None,
        ),
        card(_("Re-opens"), i18n.percent(reopened(ours)), links.views()),
        card(
            _("Automatic"),
            i18n.number(ours.automatic),
            links.automatics(),
            found.change("automatic"),
            i18n.number(theirs.automatic) if theirs else None,
            good="",
        ),
    ]


def clients(found: MailOpens, links: Links) -> Markup:
    rows = shown_by(found.slices, CLIENT, False)
    return ranking("overview-clients", _("Mail programs"), rows, links, "client", client_word, found.total.views, MOST)


def devices(found: MailOpens, links: Links) -> Markup:
    rows = shown_by(found.slices, DEVICE, False)
    return ranking("overview-devices", _("Devices"), rows, links, "device", device_word, found.total.views, MOST)
