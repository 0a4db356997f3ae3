"""The API of custom fields: /api/contact-fields."""

from __future__ import annotations

from typing import Any

from app.contacts.fields import service
from app.contacts.fields.models import CustomField
from app.contacts.fields.schemas import FieldChange, FieldIn, FieldOut, Removal
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.schemas import JobOut
from app.core.pagination import PageOf, PageQuery, paginate
from app.core.schema import Schema

bp = resource_blueprint("api_contact_fields", __name__, "/contact-fields")


@bp.get("")
@endpoint(summary="List custom fields", permission="contacts.view", query=PageQuery, answers={200: PageOf[FieldOut]})
def index(query: PageQuery) -> PageOf[FieldOut]:
    """In their own order; sorts by position, label, key, createdAt."""
    found = service.search(current().account_id, query.sort)
    return paginate(db.session(), found, page=query.page, limit=query.limit).answer(FieldOut.model_validate)


@bp.post("")
@endpoint(
    summary="Create a custom field", permission="contacts.organize", body=FieldIn, answers={201: FieldOut, 409: None}
)
def create(body: FieldIn) -> FieldOut:
    with presenting(CustomField, FieldOut.model_validate), write():
        field = service.create(current_actor(), given(body))
    return FieldOut.model_validate(field)


@bp.get("/<id>")
@endpoint(summary="Get a custom field", permission="contacts.view", answers={200: FieldOut})
def show(id: str) -> FieldOut:
    return FieldOut.model_validate(service.get(current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(
    summary="Change a custom field",
    permission="contacts.organize",
    body=FieldChange,
    answers={200: FieldOut, 409: None},
)
def update(id: str, body: FieldChange) -> FieldOut:
    """Contacts keep what they have of an option that goes."""
    with presenting(CustomField, FieldOut.model_validate), write():
        field = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return FieldOut.model_validate(field)


@bp.delete("/<id>")
@endpoint(
    summary="Delete a custom field",
    permission="contacts.organize",
    query=Removal,
    answers={202: JobOut, 409: None},
)
def delete(id: str, query: Removal) -> Any:
    """A job takes its values off all contacts, and then the field itself."""
    with presenting(CustomField, FieldOut.model_validate), write():
        job_id = service.delete(current_actor(), to_uuid(id), version=query.version)
    return JobOut.of(asking.get(db.session(), current().account_id, job_id))


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent."""
    return body.model_dump(exclude_unset=True, exclude={"version"})
