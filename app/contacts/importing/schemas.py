"""Imports on the wire: what comes in beside the file, what goes out."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, field_validator

from app.contacts.consent.states import Basis, Channel
from app.contacts.importing.fitting import MAX_DETAIL, MAX_VERSION
from app.contacts.importing.models import ContactImport
from app.contacts.importing.plan import Answer, ConsentAnswer, Mode
from app.core.jobs.schemas import JobOut
from app.core.schema import Out, Schema

MAX_MAPPING = 20_000  # characters
IMPORT: dict[str, Any] = {
    "mapping": '{"Nome": "name", "Celular": "phone", "Cidade": "custom:city"}',
    "mode": "update",
    "tags": "fair 2026, retail",
    "consentAnswer": "granted",
    "consentChannels": "whatsapp,email",
    "consentDetail": "Form on the site",
    "consentOn": "2026-11-01",
}


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


class ImportIn(Schema):
    """The fields beside the file. `consentAnswer` has no default: `granted` (then `consentChannels`, `consentDetail`,
    where they agreed, and `consentOn`, when, are needed too) or `none` (nobody knows: in no marketing audience)."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMPORT]})

    consent_answer: Answer
    consent_channels: str | None = Field(None, description="`whatsapp`, `email` or both, with a comma.")
    consent_detail: str | None = Field(None, max_length=MAX_DETAIL, description="Where they agreed.")
    consent_on: date | None = Field(None, description="When they agreed.")
    consent_basis: Basis = Basis.CONSENT
    consent_text_version: str | None = Field(None, max_length=MAX_VERSION)
    mapping: str | None = Field(
        None,
        max_length=MAX_MAPPING,
        description="A JSON object: name of a column, or its place from 0 → name, first_name, last_name, phone, email,"
        " company, locale, tags, category, do_not_contact or custom:<key>. Without it the names are guessed.",
    )
    mode: Mode = Mode.UPDATE
    only_empty: Literal["true", "false"] = Field("false", description="Updates fill only what a contact lacks.")
    tags: str | None = Field(None, max_length=4_000, description="For all rows, with commas.")
    category_ids: str | None = Field(None, max_length=4_000, description="For all rows, with commas.")

    @field_validator("consent_channels")
    @classmethod
    def known_channels(cls, text: str | None) -> str | None:
        if any(part not in tuple(Channel) for part in _listed(text or "")):
            raise ValueError("One of whatsapp, email, or both with a comma")
        return text

    @field_validator("category_ids")
    @classmethod
    def ids(cls, text: str | None) -> str | None:
        try:
            [UUID(part) for part in _listed(text or "")]
        except ValueError:
            raise ValueError("Ids with commas between them") from None
        return text

    @field_validator("mapping")
    @classmethod
    def flat(cls, text: str | None) -> str | None:
        try:
            found = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            raise ValueError("Not JSON") from None
        if not isinstance(found, dict) or not all(isinstance(target, str) for target in found.values()):
            raise ValueError("An object of texts")
        return text

    def meanings(self, columns: list[str]) -> dict[int, str] | None:
        """Place → meaning; -1 for a column that the file does not have. None: to be guessed."""
        if self.mapping is None:
            return None
        places = {name: place for place, name in reversed(list(enumerate(columns)))}
        given: dict[str, str] = json.loads(self.mapping)
        return {places.get(name, _place(name)): target for name, target in given.items() if target}

    def consent(self) -> ConsentAnswer:
        if self.consent_answer == Answer.NONE:
            return ConsentAnswer(Answer.NONE)
        return ConsentAnswer(
            Answer.GRANTED,
            tuple(dict.fromkeys(Channel(part) for part in _listed(self.consent_channels or ""))),
            self.consent_basis,
            self.consent_detail or "",
            self.consent_on,
            self.consent_text_version,
        )

    def tag_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_listed(self.tags or "")))

    def categories(self) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys(UUID(part) for part in _listed(self.category_ids or "")))


def _place(name: str) -> int:
    return int(name) if name.isascii() and name.isdigit() and len(name) < 5 else -1


class ImportOut(Out):
    """`state` is uploaded, checking, checked, running, done, stopped, failed, undoing or undone; `mapping` place of a
    column (from 0) → its meaning; `undoable` while it can be taken back."""

    id: UUID
    state: str
    filename: str
    format: str
    size: int
    columns: list[str]
    mapping: dict[str, str] | None
    rows: int | None
    created: int
    updated: int
    skipped: int
    invalid: int
    job_id: UUID | None
    created_by: UUID | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    undone_at: datetime | None
    undoable: bool

    @classmethod
    def of(cls, row: ContactImport, undoable: bool) -> ImportOut:
        columns = {name: getattr(row, name) for name in cls.model_fields if name != "undoable"}
        return cls(**columns, undoable=undoable)


class StartedOut(Out):
    """An import with the job to poll."""

    import_: ImportOut = Field(alias="import")
    job: JobOut


class ImportsOut(Out):
    """The last 50, newest first."""

    data: list[ImportOut]
