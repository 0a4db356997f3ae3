"""Requests about personal data on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.contacts.identity import MAX_EMAIL, MAX_PHONE
from app.contacts.privacy.models import PrivacyRequest, RequestKind, RequestState
from app.contacts.privacy.service import MAX_NOTE, MAX_REF, MAX_REFS
from app.contacts.privacy.showing import Everything
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema

Ref = Annotated[str, Field(min_length=1, max_length=MAX_REF)]


class RequestIn(Schema):
    """A phone number, an e-mail address, or both."""

    kind: RequestKind = Field(description="What the person asks for.")
    phone_number: str | None = Field(None, max_length=MAX_PHONE, examples=["+5511987654321"])
    email: str | None = Field(None, max_length=MAX_EMAIL, examples=["ana@example.com"])
    ids: list[Ref] = Field([], max_length=MAX_REFS, description="`id_fatura` of e-mails that went to the person.")
    note: str | None = Field(None, max_length=MAX_NOTE)


class RequestQuery(PageQuery):
    state: RequestState | None = Field(None, description="Only the requests in this state.")


class ExportQuery(Schema):
    format: Literal["json", "csv"] = Field("json", description="The format of the file.")


class DeclineIn(Schema):
    note: str = Field(min_length=1, max_length=MAX_NOTE, description="Why: the person has a right to the reason.")


class RequestOut(Out):
    """`subject` is masked; `dueAt` is 15 days after the request came."""

    id: UUID
    kind: RequestKind
    state: RequestState
    subject: str
    note: str | None
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, request: PrivacyRequest) -> RequestOut:
        values = {name: getattr(request, name) for name in RequestOut.model_fields if name != "subject"}
        return cls(**values, subject=request.subject_hint)


class HeldOut(Out):
    """Rows of a table that are about the person, or may be (not `sure`); counting stops at 10,000."""

    feature: str
    table: str
    count: int
    sure: bool


class RecipientOut(Out):
    """An outside system that received something about the person."""

    name: str
    kind: str
    sent: int
    last_at: datetime | None


class RequestDetailOut(RequestOut):
    """`contactIds`, `held` and `sharedWith` are null once the request is closed."""

    contact_ids: list[UUID] | None
    held: list[HeldOut] | None
    shared_with: list[RecipientOut] | None

    @classmethod
    def showing(cls, request: PrivacyRequest, everything: Everything | None) -> RequestDetailOut:
        plain: dict[str, Any] = dict(RequestOut.of(request))
        if everything is None:
            return cls(**plain, contact_ids=None, held=None, shared_with=None)
        held = [
            HeldOut(feature=holding.key, table=one.table, count=one.count, sure=one.is_sure)
            for holding in everything.holdings
            for one in holding.held
        ]
        recipients = [RecipientOut.model_validate(one) for one in everything.recipients]
        return cls(**plain, contact_ids=[row.id for row in everything.contacts], held=held, shared_with=recipients)
