"""Consents on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Basis, Channel, Consent, Purpose
from app.core.masking import seen_address, seen_email, seen_text
from app.core.schema import Out, Schema

CONSENT: dict[str, Any] = {
    "channel": "whatsapp",
    "state": "granted",
    "basis": "consent",
    "detail": "Form in the shop",
    "textVersion": "2026-03",
    "at": "2026-11-20T14:03:00Z",
}


class ConsentIn(Schema):
    """What a person said. `at` is when they said it, by default now, and never in the future; `detail` and
    `textVersion` are its proof."""

    model_config = ConfigDict(json_schema_extra={"examples": [CONSENT]})

    channel: Channel
    state: Consent
    purpose: Purpose = Purpose.MARKETING
    basis: Basis | None = None
    detail: str | None = Field(None, max_length=255)
    text_version: str | None = Field(None, max_length=64)
    at: datetime | None = None


class ConsentOut(Out):
    """`source` says how it is known: form, api, import, preferences (the person, on their own page), message (the
    person, by a word such as SAIR), privacy or merge. `ipAddress` is the person's."""

    id: UUID
    channel: str
    purpose: str
    state: str
    basis: str | None
    source: str
    detail: str | None
    text_version: str | None
    at: datetime
    created_at: datetime
    actor: str | None
    ip_address: str | None

    @classmethod
    def of(cls, entry: ConsentEvent) -> ConsentOut:
        shown = cls.model_validate(entry)
        shown.ip_address, shown.detail = seen_address(shown.ip_address), seen_text(shown.detail)
        if shown.actor is not None and "@" in shown.actor:
            shown.actor = seen_email(shown.actor)
        return shown


class LinkOut(Out):
    """The address of the person's own page, where they say what they want to receive; `listUnsubscribe` and
    `listUnsubscribePost` are the headers of a letter (RFC 8058)."""

    url: str
    list_unsubscribe: str
    list_unsubscribe_post: str
