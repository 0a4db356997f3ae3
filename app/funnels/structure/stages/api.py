"""The API of stages: /api/funnels/{id}/stages."""

from __future__ import annotations

from typing import Any

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.schemas import JobOut
from app.core.pagination import PageOf, PageQuery, paginate
from app.funnels.models import Funnel, Stage
from app.funnels.structure import reading, totals
from app.funnels.structure.api import given
from app.funnels.structure.api import shown as funnel_shown
from app.funnels.structure.schemas import FunnelWithStages
from app.funnels.structure.stages import emptying, service
from app.funnels.structure.stages.schemas import StageChange, StageIn, StageOrder, StageOut, StageRemoval

bp = resource_blueprint("api_stages", __name__, "/funnels/<id>/stages")


@bp.get("")
@endpoint(
    summary="List the stages of a funnel", permission="funnels.view", query=PageQuery, answers={200: PageOf[StageOut]}
)
def index(id: str, query: PageQuery) -> PageOf[StageOut]:
    """From left to right. Sorts by position, name."""
    session = db.session()
    funnel = reading.get(current().account_id, to_uuid(id))
    found = reading.search_stages(funnel.id, query.sort)
    page = paginate(session, found, page=query.page, limit=query.limit)
    known = totals.of_stages(session, [funnel.id])
    return page.answer(lambda stage: StageOut.of(stage, known))


@bp.post("")
@endpoint(
    summary="Add a stage to a funnel", permission="funnels.edit", body=StageIn, answers={201: StageOut, 409: None}
)
def create(id: str, body: StageIn) -> StageOut:
    with presenting(Stage, shown), write():
        stage = service.create(current_actor(), to_uuid(id), given(body))
    return shown(stage)


@bp.put("/<stage_id>")
@endpoint(summary="Change a stage", permission="funnels.edit", body=StageChange, answers={200: StageOut, 409: None})
def update(id: str, stage_id: str, body: StageChange) -> StageOut:
    with presenting(Stage, shown), write():
        stage = service.update(current_actor(), to_uuid(id), to_uuid(stage_id), given(body), version=body.version)
    return shown(stage)


@bp.put("/order")
@endpoint(
    summary="Put the stages of a funnel in order",
    permission="funnels.edit",
    body=StageOrder,
    answers={200: FunnelWithStages, 409: None},
)
def reorder(id: str, body: StageOrder) -> FunnelWithStages:
    """`stageIds` names every stage once, from left to right; `version` is the funnel's."""
    with presenting(Funnel, funnel_shown), write():
        funnel = service.reorder(current_actor(), to_uuid(id), body.stage_ids, version=body.version)
    return funnel_shown(funnel)


@bp.delete("/<stage_id>")
@endpoint(
    summary="Delete a stage",
    permission="funnels.edit",
    query=StageRemoval,
    answers={204: None, 202: JobOut, 409: None},
)
def delete(id: str, stage_id: str, query: StageRemoval) -> Any:
    """Its cards go to the end of the stage `to`: 409 with their number in `cards` when it is not given. 202 with a job
    when they are more than 1,000."""
    actor = current_actor()
    with presenting(Stage, shown):
        job_id = emptying.delete(
            actor, to_uuid(id), to_uuid(stage_id), to=query.to, reason=query.reason, version=query.version
        )
    return None if job_id is None else (JobOut.of(asking.get(db.session(), actor.account_id, job_id)), 202)


def shown(stage: Stage) -> StageOut:
    return StageOut.of(stage, totals.of_stages(db.session(), [stage.funnel_id]))
