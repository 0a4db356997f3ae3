"""A merge on the wire."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from app.core.schema import Schema

MAX_FIELDS = 200


class MergeIn(Schema):
    """`otherId` goes; `take` names what of it is kept instead: name, phoneNumber, email, company, locale, ownerId,
    `customFields.<key>`. The versions guard against changes made meanwhile."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "otherId": "01936f2a-5c00-7000-8000-000000000002",
                    "take": ["email", "customFields.city"],
                    "version": 3,
                    "otherVersion": 1,
                }
            ]
        }
    )

    other_id: str = Field(max_length=40)
    take: list[str] = Field(default_factory=list, max_length=MAX_FIELDS)
    version: int | None = None
    other_version: int | None = None
