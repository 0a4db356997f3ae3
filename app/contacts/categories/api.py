"""The API of categories: /api/categories."""

from __future__ import annotations

from typing import Any

from app.contacts import named
from app.contacts.categories import service
from app.contacts.categories.schemas import CategoryChange, CategoryFilter, CategoryIn, CategoryOut, Removal
from app.contacts.group_sizes import size, sizes
from app.contacts.models import Category, ContactCategory
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.schemas import JobOut
from app.core.pagination import PageOf, paginate
from app.core.schema import Schema

bp = resource_blueprint("api_categories", __name__, "/categories")


@bp.get("")
@endpoint(
    summary="List categories",
    permission="contacts.view",
    query=CategoryFilter,
    answers={200: PageOf[CategoryOut]},
)
def index(query: CategoryFilter) -> PageOf[CategoryOut]:
    """Sorts by name, createdAt, updatedAt."""
    found = service.search(current().account_id, text=query.q or "", sort=query.sort)
    page = paginate(db.session(), found, page=query.page, limit=query.limit)
    known = sizes(db.session.connection(), current().account_id, ContactCategory, [one.id for one in page.rows])
    return page.answer(lambda category: CategoryOut.of(category, known[category.id]))


@bp.post("")
@endpoint(
    summary="Create a category", permission="contacts.organize", body=CategoryIn, answers={201: CategoryOut, 409: None}
)
def create(body: CategoryIn) -> CategoryOut:
    with presenting(Category, shown), write():
        category = service.create(current_actor(), given(body))
    return shown(category)


@bp.get("/<id>")
@endpoint(summary="Get a category", permission="contacts.view", answers={200: CategoryOut})
def show(id: str) -> CategoryOut:
    return shown(service.get(current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(
    summary="Change a category",
    permission="contacts.organize",
    body=CategoryChange,
    answers={200: CategoryOut, 409: None},
)
def update(id: str, body: CategoryChange) -> CategoryOut:
    with presenting(Category, shown), write():
        category = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return shown(category)


@bp.delete("/<id>")
@endpoint(
    summary="Delete a category",
    permission="contacts.organize",
    query=Removal,
    answers={204: None, 202: JobOut, 409: None},
)
def delete(id: str, query: Removal) -> Any:
    """Its contacts stay. 202 with a job while more than 5,000 of them leave it."""
    category = service.get(current().account_id, to_uuid(id))
    with presenting(Category, shown):
        named.refuse_stale(category, query.version)
        job_id = service.delete(current_actor(), category)
    return None if job_id is None else (JobOut.of(asking.get(db.session(), current().account_id, job_id)), 202)


def shown(category: Category) -> CategoryOut:
    return CategoryOut.of(category, size(db.session.connection(), current().account_id, ContactCategory, category.id))


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent."""
    return body.model_dump(exclude_unset=True, exclude={"version"})
