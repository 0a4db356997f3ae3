"""The letters of a team, written outside of any write."""

from __future__ import annotations

from flask_babel import gettext as _

from app.accounts.models import User
from app.accounts.team.words import ROLES
from app.core import mail
from app.core.mail import Letter

INVITATION = "invitation"
FACTOR_RESET = "second_factor_reset"  # at most 24 characters


def invitation(inviter: User, role: str, url: str) -> Letter:
    """In the inviter's language: nobody knows that of who is not here yet."""
    with mail.in_language_of(inviter.locale):
        words = {"name": inviter.name, "company": inviter.account.name}
        return mail.letter(
            INVITATION,
            subject=_("%(name)s invites you to %(company)s", **words),
            paragraphs=[
                _("%(name)s invites you to the team of %(company)s on Kalitrack.", **words),
                _("Your role would be: %(role)s.", role=ROLES[role]),
            ],
            action=mail.Action(_("Accept the invitation"), url),
            note=_("The link works once, for 7 days. If you do not know what this is about, ignore this message."),
        )


def invited_elsewhere(inviter: User, owner: User) -> Letter:
    """To somebody whose address cannot be invited: the inviter is not told, or anybody could find out who is here.
    Under the same purpose, for the same reason."""
    with mail.in_language_of(owner.locale):
        words = {"name": inviter.name, "company": inviter.account.name}
        return mail.letter(
            INVITATION,
            subject=_("%(name)s invites you to %(company)s", **words),
            paragraphs=[
                _("%(name)s invited this address to the team of %(company)s on Kalitrack.", **words),
                _("It already has a sign-in in another company, and an address can have only one. Nothing was changed."),
                _("To join %(company)s, ask %(name)s to invite another address of yours.", **words),
            ],
        )


def factor_reset(person: User, by: User) -> Letter:
    with mail.in_language_of(person.locale):
        return mail.letter(
            FACTOR_RESET,
            subject=_("Your second factor was taken away"),
            paragraphs=[
                _("%(name)s took the second factor of your sign-in away and signed you out everywhere.", name=by.name),
                _("You sign in with your password alone until you set up an app again, in your profile."),
            ],
            note=_("If you did not ask for this, tell the administrators of your company at once."),
        )
