"""What an import is to do: the meaning of each column, and what goes for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.contacts.consent.states import Basis, Channel


class Target(StrEnum):
    """What a column may mean, beside `custom:<key>` of a custom field. A column without one is left out."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    PHONE = "phone"
    EMAIL = "email"
    COMPANY = "company"
    LOCALE = "locale"
    TAGS = "tags"  # several, by comma or semicolon
    CATEGORY = "category"  # by name; made where it is new
    DO_NOT_CONTACT = "do_not_contact"  # yes: said no to every channel


CUSTOM = "custom:"


class Mode(StrEnum):
    """What happens to a row of somebody who is there already."""

    UPDATE = "update"
    SKIP = "skip"


class Answer(StrEnum):
    """To the question that has no default: may these people be written to?"""

    GRANTED = "granted"  # they agreed, and it can be proved
    NONE = "none"  # nobody knows: in no marketing audience


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """`detail` says where they agreed, `on` when; both are asked with GRANTED."""

    answer: Answer
    channels: tuple[Channel, ...] = ()
    basis: Basis = Basis.CONSENT
    detail: str = ""
    on: date | None = None
    text_version: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`columns`: place in the file (from 0) → Target or `custom:<key>`."""

    columns: Mapping[int, str]
    consent: ConsentAnswer
    mode: Mode = Mode.UPDATE
    only_empty: bool = False  # of UPDATE: fills what the contact lacks, and changes nothing it has
    tags: tuple[str, ...] = ()  # for all rows
    categories: tuple[UUID, ...] = field(default=())

    def mapping_json(self) -> dict[str, Any]:
        """For ContactImport.mapping."""
        return {str(place): target for place, target in self.columns.items()}

    def options_json(self) -> dict[str, Any]:
        """For ContactImport.options."""
        consent = self.consent
        return {
            "mode": str(self.mode),
            "onlyEmpty": self.only_empty,
            "tags": list(self.tags),
            "categoryIds": [str(id_) for id_ in self.categories],
            "consent": {
                "answer": str(consent.answer),
                "channels": [str(channel) for channel in consent.channels],
                "basis": str(consent.basis),
                "detail": consent.detail,
                "on": consent.on.isoformat() if consent.on else None,
                "textVersion": consent.text_version,
            },
        }


def plan_from(mapping: Mapping[str, str], options: Mapping[str, Any]) -> Plan:
    """What `mapping_json` and `options_json` wrote."""
    consent = options["consent"]
    return Plan(
        columns={int(place): target for place, target in mapping.items()},
        consent=ConsentAnswer(
            Answer(consent["answer"]),
            tuple(Channel(one) for one in consent["channels"]),
            Basis(consent["basis"]),
            consent["detail"],
            date.fromisoformat(consent["on"]) if consent["on"] else None,
            consent["textVersion"],
        ),
        mode=Mode(options["mode"]),
        only_empty=options["onlyEmpty"],
        tags=tuple(options["tags"]),
        categories=tuple(UUID(id_) for id_ in options["categoryIds"]),
    )
