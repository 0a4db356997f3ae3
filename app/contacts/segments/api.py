"""The API of segments: /api/segments."""

from __future__ import annotations

from typing import Any

from app.contacts.segments import counting, service
from app.contacts.segments.models import Segment
from app.contacts.segments.schemas import (
    CountOut,
    RuleIn,
    SegmentChange,
    SegmentFilter,
    SegmentIn,
    SegmentOut,
    SegmentRemoval,
)
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.pagination import PageOf, paginate
from app.core.schema import Schema

bp = resource_blueprint("api_segments", __name__, "/segments")


@bp.get("")
@endpoint(summary="List segments", permission="contacts.view", query=SegmentFilter, answers={200: PageOf[SegmentOut]})
def index(query: SegmentFilter) -> PageOf[SegmentOut]:
    """Sorts by name, createdAt, updatedAt. Who is in one: `/api/contacts?segment=`."""
    found = service.search(current().account_id, query.q or "", query.sort)
    return paginate(db.session(), found, page=query.page, limit=query.limit).answer(SegmentOut.of)


@bp.post("")
@endpoint(
    summary="Create a segment", permission="contacts.organize", body=SegmentIn, answers={201: SegmentOut, 409: None}
)
def create(body: SegmentIn) -> SegmentOut:
    """Fields of a condition: name, email, company (`is`, `is_not`, `contains`, `starts`, `is_empty`, `is_set`), phone
    (the same), tag, category (`has`, `has_not`), whatsappConsent, emailConsent, source, locale, owner, import (`is`,
    `is_not`), createdAt, updatedAt, lastInboundAt (`before`, `after`, `on`, `within_days`, `over_days`, `never`) and
    `custom:<key>`: texts as above, numbers with `less`, `more`, `between` [from, to], dates as above, yes/no with `is`.
    A tag may be given by its name."""
    with presenting(Segment, SegmentOut.of), write():
        segment = service.create(current_actor(), given(body))
    return SegmentOut.of(segment)


@bp.post("/count")
@endpoint(summary="Count who fits a rule", permission="contacts.organize", body=RuleIn, answers={200: CountOut})
def count(body: RuleIn) -> CountOut:
    """Without saving it."""
    own, session = current().account_id, db.session()
    return CountOut.of(counting.count(session, own, service.read_rule(session, own, body.rule)))


@bp.get("/<id>")
@endpoint(summary="Get a segment", permission="contacts.view", answers={200: SegmentOut})
def show(id: str) -> SegmentOut:
    return SegmentOut.of(service.get(current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(
    summary="Change a segment", permission="contacts.organize", body=SegmentChange, answers={200: SegmentOut, 409: None}
)
def update(id: str, body: SegmentChange) -> SegmentOut:
    with presenting(Segment, SegmentOut.of), write():
        segment = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return SegmentOut.of(segment)


@bp.delete("/<id>")
@endpoint(
    summary="Delete a segment",
    permission="contacts.organize",
    query=SegmentRemoval,
    answers={204: None, 409: None},
)
def delete(id: str, query: SegmentRemoval) -> None:
    """Nobody in it is touched."""
    with presenting(Segment, SegmentOut.of), write():
        service.delete(current_actor(), to_uuid(id), version=query.version)


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
