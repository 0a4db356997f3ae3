"""Custom fields on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.contacts.fields.models import FieldKind
from app.core.schema import Out, Schema

Option = Annotated[str, StringConstraints(max_length=200)]


class FieldIn(Schema):
    """A new field; without a key it gets one from its label. `options` are of a choice."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"label": "Plano", "key": "plano", "kind": "choice", "options": ["Ouro", "Prata"]}]
        }
    )

    label: str
    key: str | None = Field(None, description="Small letters, digits and `_`, at most 40; never changes.")
    kind: FieldKind
    options: list[Option] | None = Field(None, max_length=1_000)


class FieldChange(Schema):
    """What is given is replaced. `position` is the place in the order, from 0. `version` guards against a change made
    meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"label": "Plano atual", "version": 1}]})

    label: str | None = None
    key: str | None = Field(None, description="Only the present one.")
    kind: FieldKind | None = Field(None, description="Only the present one.")
    options: list[Option] | None = Field(None, max_length=1_000)
    position: int | None = Field(None, ge=0, le=1_000)
    version: int | None = None


class Removal(Schema):
    version: int | None = None


class FieldOut(Out):
    """`kind` is text, number, date, yes_no or choice."""

    id: UUID
    key: str
    label: str
    kind: str
    options: list[str]
    position: int
    version: int
    created_at: datetime
    updated_at: datetime
