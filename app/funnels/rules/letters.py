"""The letter that a rule sends about a card."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _

from app.core import mail
from app.core.mail import Letter
from app.core.settings import Settings
from app.funnels.models import Card

PURPOSE = "card"


class Seen(NamedTuple):
    """Names, as people typed them."""

    contact: str
    stage: str
    funnel: str
    rule: str


def notice(settings: Settings, locale: str | None, card: Card, seen: Seen) -> Letter:
    """To somebody of the account. No mail program makes a link of a name in it."""
    contact, stage, funnel, rule = (mail.unlinked(name) for name in seen)
    url = f"{settings.public_url.rstrip('/')}/funnels/{card.funnel_id}/cards/{card.id}"
    with mail.in_language_of(locale):
        return mail.letter(
            PURPOSE,
            subject=_("%(contact)s: %(stage)s", contact=contact or _("Contact without a name"), stage=stage),
            paragraphs=[
                _("Contact: %(contact)s", contact=contact or _("Contact without a name")),
                _("Stage: %(stage)s, in the funnel %(funnel)s", stage=stage, funnel=funnel),
            ],
            action=mail.Action(_("Open the card"), url),
            note=_("Sent by the rule “%(rule)s”. Whoever manages the funnel can change it.", rule=rule),
        )
