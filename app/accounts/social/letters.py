"""What the person is told by mail when another way into their account appears or goes, since it may not have been
them."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _

from app.accounts.models import User
from app.accounts.social.providers import Provider
from app.core import mail
from app.core.mail import Letter

LIVES = timedelta(days=3)  # after that it is no news any more


def linked(person: User, provider: Provider) -> Letter:
    with mail.in_language_of(person.locale):
        return mail.letter(
            "provider_linked",
            subject=_("%(provider)s was linked with your sign-in", provider=provider.label),
            paragraphs=[_("From now on one can sign in to your account here with it, without your password.")],
            note=_("If it was not you, unlink it in your profile, change your password and end all other sessions."),
        )


def unlinked(person: User, provider: Provider) -> Letter:
    with mail.in_language_of(person.locale):
        return mail.letter(
            "provider_unlinked",
            subject=_("%(provider)s was unlinked from your sign-in", provider=provider.label),
            paragraphs=[_("Nobody signs in to your account here with it any more.")],
            note=_("If it was not you, change your password and end all other sessions."),
        )
