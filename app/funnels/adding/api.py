"""The API of putting many contacts into a funnel: /api/funnels/<id>/contacts/bulk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.core import jobs
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.jobs.schemas import JobOut
from app.funnels.adding import service, whom
from app.funnels.adding.schemas import AddIn, AddUndo
from app.funnels.structure import reading

bp = resource_blueprint("api_funnel_adding", __name__, "/funnels/<id>/contacts/bulk")


@bp.post("")
@endpoint(
    summary="Put many contacts into a funnel", permission="cards.edit", body=AddIn, answers={202: JobOut, 409: None}
)
def create(id: str, body: AddIn) -> Any:
    """Who has an open card there already is skipped. The job tells how far it is, a small one is done at once; `undo`
    takes it back. 409 when too many such jobs wait."""
    session, actor = db.session(), current_actor()
    funnel = reading.get(actor.account_id, to_uuid(id))
    given = body.model_dump(by_alias=True, exclude_unset=True)
    asked = {name: given.pop(name, None) for name in ("segmentId", "categoryId", "tag")}
    filters = whom.filters_of(session, actor.account_id, asked)
    total = whom.count(session, actor.account_id, funnel.id, filters).people
    chosen = service.chosen(session, actor, filters)
    with write() as store:
        job_id = service.start(store, actor, to_uuid(id), chosen, given, total)
    return _accepted(job_id, total)


@bp.post("/undo")
@endpoint(
    summary="Take contacts off a funnel that were put there together",
    permission="cards.edit",
    body=AddUndo,
    answers={202: JobOut, 404: None, 409: None},
)
def undo(id: str, body: AddUndo) -> Any:
    """Only the cards that this job made and that nobody has changed since."""
    funnel = reading.get(current().account_id, to_uuid(id))
    with write() as session:
        job_id, done = service.start_undo(session, current_actor(), to_uuid(body.job), funnel.id)
        total = done.done
    return _accepted(job_id, total)


def _accepted(id: UUID, total: int | None) -> Any:
    db.session.rollback()
    service.run_small(id, total)
    job = jobs.get(db.session(), current().account_id, id)
    return JobOut.of(job), 202, {"Location": f"/api/jobs/{id}"}
