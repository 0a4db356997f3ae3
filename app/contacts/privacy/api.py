"""`/api/privacy-requests`: what people ask about their data, and what becomes of it."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.contacts.privacy import service, showing
from app.contacts.privacy.answers import export_file
from app.contacts.privacy.models import RequestState
from app.contacts.privacy.schemas import (
    DeclineIn,
    ExportQuery,
    RequestDetailOut,
    RequestIn,
    RequestOut,
    RequestQuery,
)
from app.contacts.privacy.service import Asked
from app.core import jobs
from app.core.access import account_id, current_actor
from app.core.api import endpoint, resource_blueprint
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.jobs.schemas import JobOut
from app.core.pagination import PageOf, paginate
from app.core.privacy import How

bp = resource_blueprint("api_privacy", __name__, "/privacy-requests")
PERMISSION = "privacy.handle"


@bp.get("")
@endpoint(
    summary="List requests about personal data",
    permission=PERMISSION,
    confirmed=True,
    query=RequestQuery,
    answers={200: PageOf[RequestOut]},
)
def index(query: RequestQuery) -> PageOf[RequestOut]:
    """Open ones first, by their due date; then the closed, the latest first."""
    wanted = service.listed(account_id(), query.state)
    return paginate(db.session(), wanted, page=query.page, limit=query.limit).answer(RequestOut.of)


@bp.post("")
@endpoint(
    summary="Record a request about personal data",
    permission=PERMISSION,
    confirmed=True,
    body=RequestIn,
    answers={201: RequestOut},
)
def create(body: RequestIn) -> Any:
    """The person's phone or e-mail is kept sealed until the request is closed. Changes nothing else yet."""
    asked = Asked(body.kind, body.phone_number or "", body.email or "", tuple(body.ids), body.note or "")
    with write() as session:
        made = RequestOut.of(service.create(session, current_actor(), asked))
    return made, 201, {"Location": f"/api/privacy-requests/{made.id}"}


@bp.get("/<id>")
@endpoint(
    summary="Read a request and what is held about the person",
    permission=PERMISSION,
    confirmed=True,
    answers={200: RequestDetailOut, 404: None},
)
def show(id: str) -> RequestDetailOut:
    session = db.session()
    found = service.get(session, account_id(), to_uuid(id))
    subject = service.opened(found)
    held = showing.everything(session, account_id(), subject) if subject is not None else None
    return RequestDetailOut.showing(found, held)


@bp.post("/<id>/export")
@endpoint(
    summary="Export everything held about a person",
    permission=PERMISSION,
    confirmed=True,
    query=ExportQuery,
    answers={200: None, 404: None, 409: None},
    media=("application/json", "text/csv"),
)
def export(id: str, query: ExportQuery) -> Response:
    """JSON by table, or CSV with one line for each field. 409 for a closed request."""
    return export_file(current_actor(), to_uuid(id), query.format, "en")


@bp.post("/<id>/anonymise")
@endpoint(
    summary="Anonymise a person", permission=PERMISSION, confirmed=True, answers={202: JobOut, 404: None, 409: None}
)
def anonymise(id: str) -> Any:
    """What is left names nobody, and counts stay. The request is closed when the job is done."""
    return _erase(id, How.ANONYMISE)


@bp.post("/<id>/delete")
@endpoint(summary="Delete a person", permission=PERMISSION, confirmed=True, answers={202: JobOut, 404: None, 409: None})
def delete(id: str) -> Any:
    """From contacts, queues, dead letters, logs and kept files. A keyed hash remains, so that no import brings the
    person back. The request is closed when the job is done."""
    return _erase(id, How.DELETE)


@bp.post("/<id>/answer")
@endpoint(
    summary="Close a request as answered",
    permission=PERMISSION,
    confirmed=True,
    answers={200: RequestOut, 404: None, 409: None},
)
def answer(id: str) -> RequestOut:
    with write() as session:
        return RequestOut.of(service.close(session, current_actor(), to_uuid(id), RequestState.DONE))


@bp.post("/<id>/decline")
@endpoint(
    summary="Decline a request",
    permission=PERMISSION,
    confirmed=True,
    body=DeclineIn,
    answers={200: RequestOut, 404: None, 409: None},
)
def decline(id: str, body: DeclineIn) -> RequestOut:
    with write() as session:
        return RequestOut.of(service.close(session, current_actor(), to_uuid(id), RequestState.DECLINED, body.note))


def _erase(id: str, how: How) -> Any:
    with write() as session:
        started = service.start_erasing(session, current_actor(), to_uuid(id), how)
    job = jobs.get(db.session(), account_id(), started)
    return JobOut.of(job), 202, {"Location": f"/api/jobs/{started}"}
