"""Mailings on the wire: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from app.core.pagination import CursorQuery, PageQuery
from app.core.schema import Out, Schema
from app.opens.mailings.figures import MailingFigures
from app.opens.mailings.models import Mailing
from app.opens.mailings.unopened import DEFAULT_DAYS, MAX_DAYS

MAX_IDS = 5_000  # of one call; a file may have more


MAILING: dict[str, Any] = {
    "name": "November invoices",
    "startsAt": "2026-11-21T12:00:00Z",
    "endsAt": "2026-11-30T12:00:00Z",
    "sent": 12000,
}


class MailingIn(Schema):
    """`startsAt` and `endsAt` are whole hours. `sent`: to how many it went, for those who list no ids; `imageId`: only
    first opens through this image count."""

    model_config = ConfigDict(json_schema_extra={"examples": [MAILING]})

    name: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    sent: int | None = None
    image_id: UUID | None = None


class MailingChange(Schema):
    """What is given is replaced, the rest stays; `sent` 0 clears it. `version` guards against a change made
    meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sent": 12500, "version": 3}]})

    name: str | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    sent: int | None = None
    image_id: UUID | Literal[""] | None = Field(None, description="empty: any image")
    version: int | None = None


class MailingFilter(PageQuery):
    q: str | None = Field(None, max_length=100)


class Removal(Schema):
    version: int | None = None


class FiguresOut(Out):
    """`basis` says what `rate` (a share) stands on: `list` (listed ids opened since they were sent), `sent` (ids first
    opened in the period, of as many as were sent) or `none`, where there is no rate."""

    basis: str
    opened: int
    sent: int | None
    rate: float | None


class MailingOut(Out):
    """`listed` is how many ids were listed."""

    id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    sent: int | None
    image_id: UUID | None
    listed: int
    version: int
    created_at: datetime
    updated_at: datetime
    figures: FiguresOut

    @classmethod
    def of(cls, mailing: Mailing, figures: MailingFigures) -> MailingOut:
        columns = {name: getattr(mailing, name) for name in cls.model_fields if name != "figures"}
        return cls(**columns, figures=FiguresOut.model_validate(figures))


class IdsIn(Schema):
    """Ids as their e-mails carry them, text or integers; `sentAt` by default the mailing's `startsAt`."""

    ids: list[str | int] = Field(min_length=1, max_length=MAX_IDS)
    sent_at: AwareDatetime | None = None


class RefusedId(Out):
    index: int
    error: str


class ListedOut(Out):
    """`opened`: of these ids, already opened since they were sent; `refused` the first 100 that were left out."""

    added: int
    duplicates: int
    opened: int
    wrong: int
    refused: list[RefusedId]
    listed: int


class ListIn(Schema):
    """Beside the file: `replace` takes the ids that are listed off first."""

    replace: Literal["true", "false"] = "false"


class IdFilter(CursorQuery):
    state: Literal["opened", "waiting"] | None = None


class MailedOut(Out):
    """One listed id; `openedAt` null: not opened since it was sent."""

    id_fatura: str = Field(serialization_alias="id_fatura")
    sent_at: datetime
    opened_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> MailedOut:
        return cls(id_fatura=row[0], sent_at=row[1], opened_at=row[2])


class UnopenedFilter(CursorQuery):
    days: int = Field(DEFAULT_DAYS, ge=0, le=MAX_DAYS)


class WaitingOut(Out):
    id_fatura: str = Field(serialization_alias="id_fatura")
    sent_at: datetime
    mailing_id: UUID
    mailing: str

    @classmethod
    def of(cls, row: Any) -> WaitingOut:
        return cls(id_fatura=row[0], sent_at=row[1], mailing_id=row[2], mailing=row[3])
