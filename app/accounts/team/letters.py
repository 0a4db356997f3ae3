"""The letters of a team, written outside of any write."""

from __future__ import annotations

from flask_babel import gettext as _

from app.accounts.models import User
from app.accounts.team.words import ROLES
from app.core import mail
from app.core.mail import Letter

INVITATION = "invitation"  # at most 24 characters
INVITED_ELSEWHERE = "invited_elsewhere"
FACTOR_RESET = "second_factor_reset"


def invitation(inviter: User, role: str, url: str) -> Letter:
    """In the inviter's language: nobody knows that of who is not here yet."""
    with mail.in_language_of(inviter.locale):
        words = {"name": mail.unlinked(inviter.name), "company": mail.unlinked(inviter.account.name)}
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


def invited_elsewhere(inviter: User, owner: User | None) -> Letter:
    """To somebody whose invitation cannot be accepted, from their own account: that of the inviter, whose outbox its
    administrators read, is not told, or anybody could find out who is here. Written for nobody, too: it takes as
    long."""
    with mail.in_language_of(owner.locale if owner is not None else None):
        words = {"name": mail.unlinked(inviter.name), "company": mail.unlinked(inviter.account.name)}
        return mail.letter(
            INVITED_ELSEWHERE,
            subject=_("Your invitation to %(company)s", **words),
            paragraphs=[
                _("%(name)s invited this address to the team of %(company)s on Kalitrack.", **words),
                _("It already has a sign-in in another company, and can have only one, so you cannot accept."),
                _("To join %(company)s, ask %(name)s to invite another address of yours.", **words),
            ],
        )


def factor_reset(person: User, by: User) -> Letter:
    with mail.in_language_of(person.locale):
        return mail.letter(
            FACTOR_RESET,
            subject=_("Your second factor was taken away"),
            paragraphs=[
                _(
                    "%(name)s took the second factor of your sign-in away and signed you out everywhere.",
                    name=mail.unlinked(by.name),
                ),
                _("You sign in with your password alone until you set up an app again, in your profile."),
            ],
            note=_("If you did not ask for this, tell the administrators of your company at once."),
        )
