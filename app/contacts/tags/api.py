"""The API of tags: /api/tags."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.contacts import named
from app.contacts.group_sizes import size, sizes
from app.contacts.models import ContactTag, Tag
from app.contacts.tags import service
from app.contacts.tags.schemas import Removal, TagChange, TagFilter, TagIn, TagMerge, TagOut
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.errors import Invalid, NotFound
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.schemas import JobOut
from app.core.pagination import PageOf, paginate

bp = resource_blueprint("api_tags", __name__, "/tags")


@bp.get("")
@endpoint(summary="List tags", permission="contacts.view", query=TagFilter, answers={200: PageOf[TagOut]})
def index(query: TagFilter) -> PageOf[TagOut]:
    """Sorts by name, createdAt."""
    found = service.search(current().account_id, text=query.q or "", sort=query.sort)
    page = paginate(db.session(), found, page=query.page, limit=query.limit)
    known = sizes(db.session.connection(), current().account_id, ContactTag, [tag.id for tag in page.rows])
    return page.answer(lambda tag: TagOut.of(tag, known[tag.id]))


@bp.post("")
@endpoint(summary="Create a tag", permission="contacts.organize", body=TagIn, answers={201: TagOut, 409: None})
def create(body: TagIn) -> TagOut:
    """Contacts that are given a new tag bring it about too."""
    with presenting(Tag, shown), write():
        tag = service.create(current_actor(), body.name)
    return shown(tag)


@bp.get("/<id>")
@endpoint(summary="Get a tag", permission="contacts.view", answers={200: TagOut})
def show(id: str) -> TagOut:
    return shown(wanted(id))


@bp.put("/<id>")
@endpoint(summary="Rename a tag", permission="contacts.organize", body=TagChange, answers={200: TagOut, 409: None})
def update(id: str, body: TagChange) -> TagOut:
    with presenting(Tag, shown), write():
        tag = service.rename(current_actor(), to_uuid(id), body.name, version=body.version)
    return shown(tag)


@bp.post("/<id>/merge")
@endpoint(
    summary="Merge a tag into another",
    permission="contacts.organize",
    body=TagMerge,
    answers={200: TagOut, 202: JobOut, 409: None},
)
def merge(id: str, body: TagMerge) -> Any:
    """Its contacts get the other tag, which is the answer, and it ends. 202 with a job for over 5,000 of them."""
    tag = wanted(id)
    try:
        into = service.get(current().account_id, to_uuid(body.into))
    except NotFound:
        raise Invalid({"into": ["There is no such tag."]}) from None
    with presenting(Tag, shown):
        named.refuse_stale(tag, body.version)
        job_id = service.merge(current_actor(), tag, into)
    return shown(into) if job_id is None else accepted(job_id)


@bp.delete("/<id>")
@endpoint(
    summary="Delete a tag",
    permission="contacts.organize",
    query=Removal,
    answers={204: None, 202: JobOut, 409: None},
)
def delete(id: str, query: Removal) -> Any:
    """Its contacts stay. 202 with a job for over 5,000 of them."""
    tag = wanted(id)
    with presenting(Tag, shown):
        named.refuse_stale(tag, query.version)
        job_id = service.delete(current_actor(), tag)
    return None if job_id is None else accepted(job_id)


def accepted(job_id: UUID) -> tuple[JobOut, int]:
    return JobOut.of(asking.get(db.session(), current().account_id, job_id)), 202


def shown(tag: Tag) -> TagOut:
    return TagOut.of(tag, size(db.session.connection(), current().account_id, ContactTag, tag.id))


def wanted(id: str) -> Tag:
    return service.get(current().account_id, to_uuid(id))
