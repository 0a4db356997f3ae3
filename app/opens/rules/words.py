"""Words for people: classes, the reasons of verdicts, devices."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.opens.models import OpenClass

CLASSES: dict[str, tuple[Any, str, str]] = {  # word, tone, icon
    OpenClass.HUMAN: (_l("Person"), "success", "user"),
    OpenClass.IMAGE_PROXY: (_l("Via mail service"), "info", "cloud"),
    OpenClass.PREFETCH: (_l("Fetched ahead"), "warning", "clock"),
    OpenClass.BOT: (_l("Robot"), "secondary", "bug"),
}
CLASS_HELP: dict[str, Any] = {
    OpenClass.HUMAN: _l("Counts as an open."),
    OpenClass.IMAGE_PROXY: _l("Counts as an open; device and place stay unknown."),
    OpenClass.PREFETCH: _l("Recorded and shown apart; does not count."),
    OpenClass.BOT: _l("Recorded and shown apart; does not count."),
}
DEVICES: dict[str, Any] = {
    "computer": _l("Computer"),
    "phone": _l("Phone"),
    "tablet": _l("Tablet"),
    "other": _l("Other device"),
    "unknown": _l("Unknown"),
    "": _l("Not looked at yet"),
}

REASONS: dict[str, Any] = {
    "no_rule": _l("No sign of a machine"),
    "phone_model": _l("A phone whose model or build looks like a robot's name"),
    "empty_agent": _l("The program does not say its name"),
    "odd_agent": _l("What it sends as its name is no program"),
    "hostile_agent": _l("Its name carries an attack"),
    "gmail_proxy": _l("Gmail fetches images when the message is opened"),
    "yahoo_proxy": _l("Yahoo Mail fetches images when the message is opened"),
    "seznam_proxy": _l("Seznam Email fetches images when the message is opened"),
    "rambler_proxy": _l("Rambler Mail fetches images when the message is opened"),
    "fastmail_proxy": _l("Fastmail fetches images when the message is opened"),
    "shortwave_proxy": _l("Shortwave fetches images when the message is opened"),
    "mail_proxy": _l("A mail service fetches images for its users"),
    "apple_mpp": _l("Apple's Mail Privacy Protection: fetched whether somebody reads it or not"),
    "gmail_prefetch": _l("Gmail fetched it before anybody opened the message"),
    "gmail_sampling": _l("Gmail took a sample of the message"),
    "chrome_prefetch": _l("Chrome fetched it before anybody looked"),
    "ahead_header": _l("The request itself says that it was made ahead of any reader"),
    "internal": _l("A rule of yours for this address"),
    "self_named": _l("It names itself a robot"),
}


def reason_words(reason: str) -> str:
    """A reason as stored, in the reader's language; an unknown one (of a later version) as it is."""
    kind, colon, name = reason.partition(":")
    if not colon:
        return str(REASONS.get(reason, reason))
    if kind == "own":
        return str(_("A rule of yours for this program"))
    if kind == "preview":
        return str(_("Preview of a link or picture by %(name)s", name=name))
    if kind == "gateway":
        return str(_("Mail security: %(name)s", name=name))
    if kind == "library":
        return str(_("A program library, not a mail program: %(name)s", name=name))
    if kind == "crawler":
        return str(_("On the public list of robots: %(name)s", name=name))
    return reason


def class_word(open_class: str) -> str:
    return str(CLASSES[open_class][0]) if open_class in CLASSES else open_class


def device_word(device: str | None) -> str:
    return str(DEVICES.get(device or "", device))


def client_word(client: str | None) -> str:
    """Programs keep their names; what is no name is translated."""
    return str(_CLIENTS.get(client or "", client))


_CLIENTS: dict[str, Any] = {
    "": _l("Not looked at yet"),
    "Unknown": _l("Unknown"),
    "Other": _l("Other program"),
    "Robot": _l("Robot"),
    "Mail proxy": _l("Other mail service"),
    "Android app": _l("Android app"),
    "iOS app": _l("iOS app"),
}
