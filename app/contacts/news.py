"""What events tell of a contact: ids and names of fields, never what a field holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.contacts.models import Contact

FIELDS = {  # columns of Contact that people know -> the field, as the timeline names it
    **{name: name for name in ("name", "phone", "email", "company", "locale", "owner_id")},
    "whatsapp_consent": "whatsappConsent",
    "email_consent": "emailConsent",
}
ON_THE_WIRE = {"phone": "phoneNumber", "owner_id": "ownerId"}  # where the API calls a field something else
OWN = "custom."


def of(contact: Contact, fields: Sequence[str] | None = None) -> dict[str, Any]:
    """As `told`, of a row that is flushed."""
    return told(contact.id, contact.version, contact.source, fields)


def told(contact_id: UUID, version: int, source: str, fields: Sequence[str] | None = None) -> dict[str, Any]:
    """The payload of contact.created, .updated and .deleted: `contactId`, `version` (after the change), `source`, and
    of an update `fields`, by the names that the API has for them. Whoever may know more asks the API."""
    payload: dict[str, Any] = {"contactId": str(contact_id), "version": version, "source": str(source)}
    return payload if fields is None else payload | {"fields": [_on_the_wire(name) for name in fields]}


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields that are not what they were. Both map columns, `custom` among them; `after` may leave some out."""
    plain = [field for column, field in FIELDS.items() if column in after and before[column] != after[column]]
    was, own = before["custom"], after["custom"]
    return plain + [OWN + key for key in sorted({*was, *own}) if was.get(key) != own.get(key)]


def _on_the_wire(name: str) -> str:
    own = name.removeprefix(OWN)
    return f"customFields.{own}" if own != name else ON_THE_WIRE.get(name, name)
