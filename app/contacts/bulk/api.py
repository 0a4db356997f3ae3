"""The API of changing many contacts at once: /api/contacts/bulk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.contacts.api import zone_of_account
from app.contacts.bulk import service
from app.contacts.bulk.schemas import BulkIn, CountMovedOut, UndoIn
from app.contacts.bulk.selection import Selection
from app.contacts.bulk.service import CountMoved
from app.contacts.filters import Filters
from app.core import jobs
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import Forbidden, Invalid, english
from app.core.ids import to_uuid
from app.core.jobs.schemas import JobOut

bp = resource_blueprint("api_contact_bulk", __name__, "/contacts/bulk")
ONE_OF = "Give either filter or ids"


@bp.post("")
@endpoint(
    summary="Change many contacts",
    permission="contacts.edit",
    body=BulkIn,
    answers={202: JobOut, 409: CountMovedOut},
)
def create(body: BulkIn) -> Any:
    """Gives or takes tags or categories, or deletes (for who may delete). The job tells how far it is, a small one is
    done at once; `undo` takes it back. 409 with the number when that is not confirmCount."""
    wanted, chosen, actor = body.to_wanted(), _chosen(body), current_actor()
    if wanted.action.permission not in current().permissions:
        raise Forbidden
    try:
        params = service.prepare(db.session(), actor, chosen, body.confirm_count)
    except CountMoved as moved:
        return CountMovedOut(error=english(moved.message), count=moved.count), 409
    with write() as session:
        id_ = service.start(session, actor, wanted, chosen, params, body.confirm_count)
    return _accepted(id_, body.confirm_count)


@bp.post("/undo")
@endpoint(
    summary="Take a change of many contacts back",
    permission="contacts.edit",
    body=UndoIn,
    answers={202: JobOut, 404: None, 409: None},
)
def undo(body: UndoIn) -> Any:
    """Only what that job changed: who had the tag before keeps it. Deleted contacts come back, but for those whose
    phone number or e-mail address somebody else has by now."""
    with write() as session:
        id_, number = service.start_undo(session, current_actor(), to_uuid(body.job), current().permissions)
    return _accepted(id_, number)


def _chosen(body: BulkIn) -> Selection:
    if (body.filter is None) is (body.ids is None):
        raise Invalid({"filter": [ONE_OF]})
    if body.filter is not None:
        return Selection(body.filter.to_filters(zone_of_account()))
    return Selection(Filters(), tuple(map(to_uuid, body.ids or [])))


def _accepted(id: UUID, number: int) -> Any:
    db.session.rollback()
    service.run_small(id, number)
    job = jobs.get(db.session(), current().account_id, id)
    return JobOut.of(job), 202, {"Location": f"/api/jobs/{id}"}
