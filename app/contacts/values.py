"""What a contact may hold: every field checked and cleaned, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l

from app.contacts import identity
from app.contacts.fields.models import CustomField
from app.contacts.fields.values import Wrong
from app.contacts.fields.values import clean as clean_custom
from app.contacts.models import Contact
from app.contacts.search import searchable_text
from app.core.errors import Invalid, Text
from app.core.folding import folded_name, is_blank
from app.core.ids import to_uuid
from app.core.schema import CONTROLS

MAX_NAME = 200
MAX_COMPANY = 200
MAX_TAGS = 50
MAX_TAG = 60
LOCALES = ("pt_BR", "en")
Checked = tuple[dict[str, Any], dict[str, list[Text]]]  # columns of Contact, what is wrong by names of the wire


def check(values: Mapping[str, Any], fields: Iterable[CustomField], country: str) -> Checked:
    """What of `name`, `phoneNumber`, `email`, `company`, `locale`, `ownerId` and `customFields` is given, as columns of
    Contact. A custom field that is not given stays out of `custom`; None in it empties one."""
    clean: dict[str, Any] = {}
    wrong: dict[str, list[Text]] = {}
    for name in ("name", "phoneNumber", "email", "company", "locale", "ownerId"):
        if name in values:
            try:
                clean |= _READERS[name](values[name], country)
            except Wrong as error:
                wrong[name] = [error.text]
    if "customFields" in values:
        clean["custom"], own = check_custom(values["customFields"] or {}, fields)
        wrong |= {f"customFields.{key}": [text] for key, text in own.items()}
    return clean, wrong


def check_custom(given: Mapping[str, Any], fields: Iterable[CustomField]) -> tuple[dict[str, Any], dict[str, Text]]:
    """The values of custom fields as they are kept, None for those that are emptied; and what is wrong, by key."""
    known = {field.key: field for field in fields}
    clean: dict[str, Any] = {}
    wrong: dict[str, Text] = {}
    for key, value in given.items():
        if key not in known:
            wrong[key[:MAX_TAG]] = _l("There is no such field.")
            continue
        try:
            clean[key] = clean_custom(known[key], value)
        except Wrong as error:
            wrong[key] = error.text
    return clean, wrong


def check_tags(names: Iterable[Any]) -> list[str]:
    """Tags as they are kept: trimmed, each once. Raises Invalid."""
    found: dict[str, str] = {}
    for name in names:
        text = " ".join(str(name).split())
        if is_blank(text) and not CONTROLS.search(text):
            continue
        if len(text) > MAX_TAG or CONTROLS.search(text):
            raise Invalid({"tags": [_l("A tag has at most %(max)d characters.", max=MAX_TAG)]})
        found.setdefault(folded_name(text)[:MAX_TAG], text)
    if len(found) > MAX_TAGS:
        raise Invalid({"tags": [_l("At most %(max)d tags.", max=MAX_TAGS)]})
    return list(found.values())


def derive(contact: Contact) -> None:
    """Keeps what follows from the other columns: the folded name and the text that search looks in."""
    contact.folded_name, contact.searchable = derived(
        contact.account_id, contact.name, contact.email, contact.phone, contact.company, contact.custom
    )


def derived(
    account_id: UUID, name: str, email: str | None, phone: str | None, company: str | None, custom: Mapping[str, Any]
) -> tuple[str, str]:
    """`folded_name` and `searchable` of a contact with these columns."""
    found = searchable_text(account_id, name, email, phone, company, custom.values())
    return folded_name(name)[:MAX_NAME], found


def plain_text(value: Any, most: int) -> str:
    """One line of text; empty for what nobody would see. Raises Wrong."""
    text = " ".join(str(value or "").split())
    if len(text) > most:
        raise Wrong(_l("At most %(max)d characters.", max=most))
    if CONTROLS.search(text):
        raise Wrong(_l("Control characters are not allowed."))
    return "" if is_blank(text) else text


def _name(value: Any, _country: str) -> dict[str, Any]:
    return {"name": plain_text(value, MAX_NAME)}


def _company(value: Any, _country: str) -> dict[str, Any]:
    return {"company": plain_text(value, MAX_COMPANY) or None}


def _phone(value: Any, country: str) -> dict[str, Any]:
    raw = str(value or "").strip()
    if not raw:
        return {"phone": None, "phone_key": None, "phone_raw": None}
    phone = identity.read_phone(raw, country)
    if phone is None:
        raise Wrong(_l("Not a phone number. Example: (11) 98765-4321."))
    return {"phone": phone.number, "phone_key": phone.key, "phone_raw": raw}


def _email(value: Any, _country: str) -> dict[str, Any]:
    if not str(value or "").strip():
        return {"email": None}
    email = identity.read_email(str(value))
    if email is None:
        raise Wrong(_l("Not an e-mail address. Example: ana@example.com."))
    return {"email": email}


def _locale(value: Any, _country: str) -> dict[str, Any]:
    if value and value not in LOCALES:
        raise Wrong(_l("One of %(known)s.", known=", ".join(LOCALES)))
    return {"locale": value or None}


def _owner(value: Any, _country: str) -> dict[str, Any]:
    """Whether there is such a person in the account, the service asks."""
    if not value:
        return {"owner_id": None}
    id_ = value if isinstance(value, UUID) else to_uuid(value)
    if id_ is None:
        raise Wrong(_l("There is no such person."))
    return {"owner_id": id_}


_READERS: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "name": _name,
    "phoneNumber": _phone,
    "email": _email,
    "company": _company,
    "locale": _locale,
    "ownerId": _owner,
}
