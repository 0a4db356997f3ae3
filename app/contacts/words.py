"""Contacts in words: what they are called, how they came, their fields and filters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.contacts.consent.states import Channel
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.models import Contact
from app.contacts.service import Source
from app.core.i18n import LOCALES, NOTHING, date_text, locale, number
from app.core.masking import seen_email, seen_phone

CHANNELS: dict[str, Any] = {Channel.WHATSAPP: "WhatsApp", Channel.EMAIL: _l("E-mail")}
SOURCES: dict[str, Any] = {
    Source.FORM: _l("Created by hand"),
    Source.API: _l("Created by the API"),
    Source.IMPORT: _l("Created by an import"),
    Source.MESSAGE: _l("Created when they wrote to us"),
    Source.DEMO: _l("Created as an example"),
}
FIELDS: dict[str, Any] = {
    "name": _l("Name"),
    "phone": _l("Phone number"),
    "email": _l("E-mail"),
    "company": _l("Company"),
    "locale": _l("Language"),
    "owner_id": _l("Owner"),
    "tags": _l("Tags"),
    "categories": _l("Categories"),
    "whatsappConsent": _l("Marketing by WhatsApp"),
    "emailConsent": _l("Marketing by e-mail"),
}
FILTERS: dict[str, Any] = {
    "q": _l("Search"),
    "segment": _l("Segment"),
    "category": _l("Category"),
    "tag": _l("Tag"),
    "whatsapp": _l("Marketing by WhatsApp"),
    "email": _l("Marketing by e-mail"),
    "owner": _l("Owner"),
    "has": _l("Can be reached"),
    "import": _l("Import"),
    "from": _l("Created from"),
    "to": _l("Created until"),
}
HAS: dict[str, Any] = {
    "phone": _l("Has a phone"),
    "no_phone": _l("Has no phone"),
    "email": _l("Has an e-mail address"),
    "no_email": _l("Has no e-mail address"),
}


def shown_name(contact: Contact) -> str:
    """How a contact is called wherever it stands; without a name by its phone or e-mail address, as whoever looks may
    see them."""
    return contact.name or seen_phone(contact.phone) or seen_email(contact.email) or _("No name")


def shown_value(field: CustomField, value: Any) -> str:
    """The value of a custom field as a page says it."""
    match value:
        case None | "":
            return NOTHING
        case bool():
            return str(_("Yes") if value else _("No"))
        case int() | float():
            return number(value)
        case str() if field.kind == FieldKind.DATE:
            return _day(value)
    return str(value)


def typed_value(field: CustomField, value: Any) -> str:
    """The value of a custom field as a form holds it, which reads it back as the same."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            plain = format(Decimal(str(value)), "f")
            return plain.replace(".", ",") if locale() == "pt_BR" else plain
    return str(value)


def field_word(name: str, fields: Iterable[CustomField]) -> str:
    """Of a field as the timeline names it: `phone`, `custom.shoe_size`."""
    key = name.removeprefix("custom.")
    own = next((field.label for field in fields if field.key == key), key) if key != name else None
    return own or str(FIELDS.get(name, name))


def language(code: str | None) -> str | None:
    return LOCALES.get(code, code) if code else None


def _day(text: str) -> str:
    try:
        return date_text(date.fromisoformat(text))
    except ValueError:  # kept from a time when the field was of another kind
        return text


def init_app(app: Flask) -> None:
    """In templates: `{{ shown_name(contact) }}`."""
    app.jinja_env.globals["shown_name"] = shown_name
