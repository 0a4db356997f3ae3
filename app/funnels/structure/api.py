"""The API of funnels: /api/funnels."""

from __future__ import annotations

from typing import Any

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.pagination import PageOf, paginate
from app.core.schema import Schema
from app.funnels.models import Funnel
from app.funnels.structure import reading, service, totals
from app.funnels.structure.schemas import FunnelChange, FunnelFilter, FunnelIn, FunnelOut, FunnelWithStages, Removal

bp = resource_blueprint("api_funnels", __name__, "/funnels")


@bp.get("")
@endpoint(summary="List funnels", permission="funnels.view", query=FunnelFilter, answers={200: PageOf[FunnelOut]})
def index(query: FunnelFilter) -> PageOf[FunnelOut]:
    """Sorts by name, createdAt, updatedAt."""
    session = db.session()
    found = reading.search(current().account_id, text=query.q or "", sort=query.sort)
    page = paginate(session, found, page=query.page, limit=query.limit)
    ids = [funnel.id for funnel in page.rows]
    stages, known = reading.stages_by_funnel(session, ids), totals.of_stages(session, ids)
    return page.answer(lambda funnel: FunnelOut.of(funnel, stages[funnel.id], known))


@bp.post("")
@endpoint(
    summary="Create a funnel",
    permission="funnels.edit",
    body=FunnelIn,
    answers={201: FunnelWithStages, 409: None},
)
def create(body: FunnelIn) -> FunnelWithStages:
    with presenting(Funnel, shown), write():
        funnel = service.create(current_actor(), given(body))
    return shown(funnel)


@bp.get("/<id>")
@endpoint(summary="Get a funnel with its stages", permission="funnels.view", answers={200: FunnelWithStages})
def show(id: str) -> FunnelWithStages:
    return shown(reading.get(current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(
    summary="Change a funnel",
    permission="funnels.edit",
    body=FunnelChange,
    answers={200: FunnelWithStages, 409: None},
)
def update(id: str, body: FunnelChange) -> FunnelWithStages:
    with presenting(Funnel, shown), write():
        funnel = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return shown(funnel)


@bp.delete("/<id>")
@endpoint(summary="Delete a funnel", permission="funnels.edit", query=Removal, answers={204: None, 409: None})
def delete(id: str, query: Removal) -> None:
    """Its cards go with it. It can be brought back for 30 days, by `restore`."""
    with presenting(Funnel, shown), write():
        service.delete(current_actor(), to_uuid(id), version=query.version)


@bp.post("/<id>/restore")
@endpoint(summary="Bring a deleted funnel back", permission="funnels.edit", answers={200: FunnelWithStages, 409: None})
def restore(id: str) -> FunnelWithStages:
    """409 when another funnel has its name by now."""
    with presenting(Funnel, shown), write():
        funnel = service.restore(current_actor(), to_uuid(id))
    return shown(funnel)


def shown(funnel: Funnel) -> FunnelWithStages:
    session = db.session()
    return FunnelWithStages.of(funnel, reading.stages_of(session, funnel.id), totals.of_stages(session, [funnel.id]))


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
