"""The events of contacts, as other systems may be told of them."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask_babel import lazy_gettext as _l
from pydantic import Field

from app.core.event_types import EventType, declare, declare_internal
from app.core.schema import Out

CONTACT_ID = "01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01"
ONE: dict[str, Any] = {"contactId": CONTACT_ID, "version": 3, "source": "form"}


class ContactNews(Out):
    """Ids and names of fields, never what a person typed: whoever may know more asks `GET /api/contacts/{id}`."""

    contact_id: UUID = Field(description="The contact.")
    version: int = Field(ge=1, description="Its version after the change: of two events the higher one is newer.")
    source: str = Field(description="Where the contact came from: form, api, import, …")


class ContactUpdated(ContactNews):
    fields: list[str] = Field(description="What changed: name, phoneNumber, email, tags, customFields.<key>, …")


class ContactOptedOut(Out):
    contact_id: UUID = Field(description="The contact.")
    channel: Literal["whatsapp", "email"] = Field(description="The channel that may not be used any more.")
    source: str = Field(description="How it was said: form, api, import, preferences, message, privacy or merge.")


class ContactMerged(Out):
    kept_id: UUID = Field(description="The contact that stays, with everything of both.")
    merged_id: UUID = Field(description="The contact that is no more: use `keptId` in its place.")


class ImportCompleted(Out):
    import_id: UUID = Field(description="The import, as in `GET /api/contacts/imports/{id}`.")
    state: Literal["done", "stopped", "failed"] = Field(description="By itself, by a person, or by a fault.")
    created: int = Field(ge=0, description="Contacts that are new.")
    updated: int = Field(ge=0, description="Contacts that were there and changed.")
    skipped: int = Field(ge=0, description="Rows that changed nothing.")
    invalid: int = Field(ge=0, description="Rows with something wrong.")


def declare_events() -> None:
    declare(
        EventType("contact.created", _l("A contact was created, or brought back"), ContactNews, ONE | {"version": 1}),
        EventType(
            "contact.updated", _l("A contact changed"), ContactUpdated, ONE | {"fields": ["phoneNumber", "tags"]}
        ),
        EventType("contact.deleted", _l("A contact was deleted"), ContactNews, ONE),
        EventType(
            "contact.opted_out",
            _l("A contact wants no more messages on a channel"),
            ContactOptedOut,
            {"contactId": CONTACT_ID, "channel": "whatsapp", "source": "preferences"},
        ),
        EventType(
            "contact.merged",
            _l("Two contacts became one"),
            ContactMerged,
            {"keptId": CONTACT_ID, "mergedId": "01937a3e-5b20-7d11-9c43-2f8e7b6a5d02"},
        ),
        EventType(
            "import.completed",
            _l("An import of contacts came to its end"),
            ImportCompleted,
            {
                "importId": "01937a40-0c31-7e22-b054-3a9f8c7b6e03",
                "state": "done",
                "created": 120,
                "updated": 14,
                "skipped": 3,
                "invalid": 1,
            },
        ),
    )
    declare_internal(
        contact__restored="told beside contact.created, for who keeps rows of contacts",
        contact__purged="deleted ones leave for good: contact.deleted was told before",
        tag__merged="rules that name the tag follow it",
    )
