"""The letters of coming in and back in. Nothing that a stranger typed is in one: else our mail would carry theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext as _

from app.accounts import one_time
from app.core import clock, mail
from app.core.mail import Letter
from app.core.settings import Settings

NEWS_LASTS = timedelta(days=2)  # how long it is worth sending a letter that opens nothing


def news_expire_at() -> datetime:
    return clock.now() + NEWS_LASTS


def verify(settings: Settings, locale: str | None, token: str) -> Letter:
    with mail.in_language_of(locale):
        return mail.letter(
            "verify",
            subject=_("Confirm your e-mail address"),
            paragraphs=[
                _("Somebody, hopefully you, wants to open an account with this address."),
                _("Follow the link within 24 hours to open it. The link works once."),
            ],
            action=mail.Action(_("Confirm the address"), one_time.link(settings, "verify", token)),
            note=_("If it was not you, leave this message alone: without the link no account is opened."),
        )


def already_here(settings: Settings, locale: str | None) -> Letter:
    """To somebody whose address was registered once more."""
    with mail.in_language_of(locale):
        return mail.letter(
            "registered",
            subject=_("You already have a sign-in"),
            paragraphs=[
                _("Somebody, perhaps you, wanted to open an account with this address. It has a sign-in already."),
                _("If you forgot your password, you can ask for a link to a new one here:"),
            ],
            action=mail.Action(_("Choose a new password"), _forgot(settings)),
            note=_("If it was not you, there is nothing to do: nothing was changed."),
        )


def reset(settings: Settings, locale: str | None, token: str) -> Letter:
    with mail.in_language_of(locale):
        return mail.letter(
            "reset",
            subject=_("Choose a new password"),
            paragraphs=[
                _("Somebody, hopefully you, asked for a new password for this address."),
                _("Follow the link within 60 minutes. It works once, and then ends all your sessions."),
            ],
            action=mail.Action(_("Choose a new password"), one_time.link(settings, "reset", token)),
            note=_("If it was not you, leave this message alone: your password stays as it is."),
        )


def password_changed(settings: Settings, locale: str | None) -> Letter:
    with mail.in_language_of(locale):
        return mail.letter(
            "password_changed",
            subject=_("Your password was changed"),
            paragraphs=[
                _("The password of your sign-in was changed, and every other session was ended."),
                _("If it was not you, ask for a link to a new password at once, and tell your administrator."),
            ],
            note=_("The page for it: %(url)s", url=_forgot(settings)),
        )


def new_email(settings: Settings, locale: str | None, token: str) -> Letter:
    """To the new address."""
    with mail.in_language_of(locale):
        return mail.letter(
            "new_email",
            subject=_("Confirm your new e-mail address"),
            paragraphs=[
                _("Somebody, hopefully you, wants to sign in with this address from now on."),
                _("Follow the link within 24 hours. It works once, and then ends all your other sessions."),
            ],
            action=mail.Action(_("Confirm the address"), one_time.link(settings, "profile/email", token)),
            note=_("If it was not you, leave this message alone: nothing is changed without the link."),
        )


def email_wanted(locale: str | None) -> Letter:
    """To the present address of somebody who asked for another one."""
    with mail.in_language_of(locale):
        return mail.letter(
            "email_wanted",
            subject=_("Your e-mail address is about to be changed"),
            paragraphs=[
                _("Somebody signed in as you asked to sign in with another address from now on."),
                _("This one stays until the link that we sent to the other one was followed."),
                _("If it was not you, change your password now, which stops it, and tell your administrator."),
            ],
        )


def email_taken(settings: Settings, locale: str | None) -> Letter:
    """To the owner of an address that somebody else wanted for theirs."""
    with mail.in_language_of(locale):
        return mail.letter(
            "email_taken",
            subject=_("This address already has a sign-in"),
            paragraphs=[
                _("Somebody, perhaps you, wanted to use this address for another sign-in. It has one already."),
                _("If you forgot its password, you can ask for a link to a new one here:"),
            ],
            action=mail.Action(_("Choose a new password"), _forgot(settings)),
            note=_("If it was not you, there is nothing to do: nothing was changed."),
        )


def _forgot(settings: Settings) -> str:
    return f"{settings.public_url.rstrip('/')}/forgot"
