"""The API of imports: POST /api/contacts/import, and what became of it."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from app.contacts.importing import keeping, service
from app.contacts.importing.guess import guess
from app.contacts.importing.models import ContactImport
from app.contacts.importing.plan import Plan
from app.contacts.importing.problem_answer import answer_problems
from app.contacts.importing.schemas import ImportIn, ImportOut, ImportsOut, StartedOut
from app.contacts.service import fields_of
from app.core.access import current_actor
from app.core.api import Upload, current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.errors import N_, AppError, Conflict, Forbidden, Invalid
from app.core.i18n import locale
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.schemas import JobOut

bp = resource_blueprint("api_contact_imports", __name__, "/contacts")
NOTHING_RUNS = N_("Nothing of this import is running")
WIRE = {
    "channels": "consentChannels",
    "detail": "consentDetail",
    "on": "consentOn",
    "textVersion": "consentTextVersion",
}


@bp.post("/import")
@endpoint(
    summary="Import contacts from a file",
    permission="contacts.import",
    body=ImportIn,
    file="file",
    limit=keeping.MAX_BYTES,
    answers={202: StartedOut, 409: None},
)
def create(upload: Upload, body: ImportIn) -> tuple[StartedOut, int, dict[str, str]]:
    """CSV (1,000,000 rows, 200 MB) or XLSX (200,000 rows, 300 MB unzipped) with the names of its columns in the first
    line. Whoever is there already is found by phone, or by e-mail where there is none. `Location` is where the import
    tells of itself; rows that were not taken are in its `problems`."""
    row = keeping.receive(current_actor(), upload.name, upload.stream)
    try:
        with presenting(ContactImport, shown), write():
            mine = locked(row.id)
            service.start_at_once(current_actor(), mine, plan_of(mine, body))
    except AppError as error:  # nobody goes on with it by hand
        with presenting(ContactImport, shown), write():
            service.discard(current_actor(), locked(row.id))
        if not isinstance(error, Invalid):
            raise
        raise Invalid({WIRE.get(name, name): texts for name, texts in error.fields.items()}) from None
    return started(row.id)


def plan_of(row: ContactImport, body: ImportIn) -> Plan:
    meanings = body.meanings(row.columns)
    if meanings is None:
        meanings = guess(row.columns, fields_of(row.account_id))
    return Plan(
        columns=meanings,
        consent=body.consent(),
        mode=body.mode,
        only_empty=body.only_empty == "true",
        tags=body.tag_names(),
        categories=body.categories(),
    )


@bp.get("/imports")
@endpoint(summary="List imports", permission="contacts.import", answers={200: ImportsOut})
def index() -> ImportsOut:
    """The last 50, newest first."""
    return ImportsOut(data=[shown(row) for row in service.recent(current().account_id)])


@bp.get("/imports/<id>")
@endpoint(summary="Get an import", permission="contacts.import", answers={200: ImportOut})
def show(id: str) -> ImportOut:
    return shown(wanted(id))


@bp.get("/imports/<id>/problems")
@endpoint(
    summary="Fetch the rows that were not taken",
    permission="contacts.import",
    answers={200: None},
    media=("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
)
def problem_rows(id: str) -> Response:
    """In the format of the file that was sent, with line and reason. 404 when there are none, or none any more."""
    return answer_problems(wanted(id), locale())


@bp.post("/imports/<id>/undo")
@endpoint(summary="Undo an import", permission="contacts.import", answers={202: StartedOut, 409: None})
def undo(id: str) -> tuple[StartedOut, int, dict[str, str]]:
    """Contacts that it created are deleted, those that it changed become what they were. What was changed since is left
    alone."""
    row = wanted(id)
    with presenting(ContactImport, shown), write():
        service.start_undo(current_actor(), locked(row.id))
    return started(row.id)


@bp.post("/imports/<id>/stop")
@endpoint(summary="Stop an import", permission="contacts.import", answers={202: StartedOut, 409: None})
def stop(id: str) -> tuple[StartedOut, int, dict[str, str]]:
    """What was imported stays, and can be undone. 409 when nothing runs."""
    row = wanted(id)
    job = service.job_of(row)
    if job is None or job.finished_at is not None:
        raise Conflict(NOTHING_RUNS, current=shown(row))
    if not asking.may_stop(job, current().user_id, current().permissions):
        raise Forbidden
    with write() as session:
        asking.ask_to_stop(session.connection(), job)
    return started(row.id)


def wanted(id: str) -> ContactImport:
    return service.get(current().account_id, to_uuid(id))


def locked(id: UUID) -> ContactImport:
    """For a change, inside `write()`."""
    return service.get(current().account_id, id, lock=True)


def shown(row: ContactImport) -> ImportOut:
    return ImportOut.of(row, service.may_undo(row))


def started(id: UUID) -> tuple[StartedOut, int, dict[str, str]]:
    row = service.get(current().account_id, id)
    job = JobOut.of(asking.get(db.session(), row.account_id, row.job_id))
    said = StartedOut(**{"import": shown(row), "job": job})
    return said, 202, {"Location": f"/api/contacts/imports/{row.id}"}
