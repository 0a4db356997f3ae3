"""What the person is told by mail when their second factor changes, since it may not have been them."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _

from app.accounts.models import User
from app.core import mail
from app.core.mail import Letter

LIVES = timedelta(days=3)  # after that it is no news any more


def turned_on(person: User) -> Letter:
    with mail.in_language_of(person.locale):
        return mail.letter(
            "second_factor_on",
            subject=_("Your second factor is on"),
            paragraphs=[_("An authenticator app was set up for your sign-in: from now on it asks for a code, too.")],
            note=_("If it was not you, tell the administrators of your company at once."),
        )


def turned_off(person: User) -> Letter:
    with mail.in_language_of(person.locale):
        return mail.letter(
            "second_factor_off",
            subject=_("Your second factor is off"),
            paragraphs=[_("The second factor of your sign-in was turned off: your password alone is enough now.")],
            note=_("If it was not you, change your password and set the app up again at once."),
        )
