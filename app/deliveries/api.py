"""The API of deliveries: /api/deliveries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.core import jobs
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import english
from app.core.ids import to_uuid
from app.core.jobs.schemas import JobOut
from app.core.pagination import MAX_COUNT, PageOf
from app.deliveries import bulk, service
from app.deliveries.bulk import CountMoved
from app.deliveries.changes import service as changes
from app.deliveries.plan import Asked, Verb
from app.deliveries.schemas import BulkIn, CountMovedOut, DeliveryDetailOut, DeliveryOut, DeliveryQuery
from app.outbound.kinds import kinds

bp = resource_blueprint("api_deliveries", __name__, "/deliveries")


@bp.get("")
@endpoint(
    summary="List deliveries",
    permission="deliveries.view",
    query=DeliveryQuery,
    answers={200: PageOf[DeliveryOut]},
)
def index(query: DeliveryQuery) -> PageOf[DeliveryOut]:
    """Dead letters are those with status=dead. Newest first."""
    found = service.search(
        current().account_id, query.to_filter(), kinds(), after=query.after, page=query.page, limit=query.limit
    )
    if found.total > MAX_COUNT:  # a tally knows more than lists promise
        found = replace(found, total=MAX_COUNT, more=True)
    return found.answer(DeliveryOut.of)


@bp.get("/<id>")
@endpoint(summary="Get a delivery", permission="deliveries.view", answers={200: DeliveryDetailOut})
def show(id: str) -> DeliveryDetailOut:
    """With its attempts, newest first."""
    return DeliveryDetailOut.of_detail(service.get(current().account_id, to_uuid(id), kinds()))


@bp.post("/<id>/retry")
@endpoint(summary="Send a delivery again", permission="deliveries.replay", answers={202: DeliveryOut, 409: None})
def retry(id: str) -> DeliveryOut:
    """409 in words when it is neither dead nor cancelled, was refused consent, or its target is deleted."""
    with write() as session:
        changes.retry(session, current_actor(), to_uuid(id))
    return DeliveryOut.of(service.get(current().account_id, to_uuid(id), kinds()).line)


@bp.post("/replay")
@endpoint(
    summary="Send all deliveries of a filter again",
    permission="deliveries.replay",
    body=BulkIn,
    answers={202: JobOut, 409: CountMovedOut},
)
def replay(body: BulkIn) -> Any:
    """Of dead or cancelled ones. The job tells how far it is; 409 with the number when that is not confirmCount."""
    return _bulk(Verb.REPLAY, body)


@bp.post("/cancel")
@endpoint(
    summary="Cancel all deliveries of a filter",
    permission="deliveries.cancel",
    body=BulkIn,
    answers={202: JobOut, 409: CountMovedOut},
)
def cancel(body: BulkIn) -> Any:
    """Of pending, paused or dead ones; what a worker has in hand is left."""
    return _bulk(Verb.CANCEL, body)


def _bulk(verb: Verb, body: BulkIn) -> Any:
    asked = Asked(verb, body.filter.to_filter(body.filter.ids), body.include_old)
    try:
        bulk.check_count(db.session.connection(), current().account_id, asked, body.confirm_count)
    except CountMoved as moved:
        return CountMovedOut(error=english(moved.message), count=moved.plan.count), 409
    with write() as session:
        id_ = bulk.start(session, current_actor(), asked, body.confirm_count)
    job = jobs.get(db.session(), current().account_id, id_)
    return JobOut.of(job), 202, {"Location": f"/api/jobs/{id_}"}
