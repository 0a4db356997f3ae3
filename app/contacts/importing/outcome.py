"""The pages of what became of imports: /contacts/imports, one of them, its undoing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from app.accounts.models import User
from app.contacts.importing import service
from app.contacts.importing.models import ContactImport, ImportState
from app.contacts.importing.pages import MAPPED, bp, elsewhere, gone_on, locked, wanted
from app.contacts.importing.problem_answer import answer_problems, has_problems
from app.contacts.importing.rows import MAX_ROWS
from app.contacts.importing.wiping import KEPT
from app.contacts.importing.words import STATES
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Forbidden
from app.core.htmx import go, is_shown, mark_of, notify, page, unchanged
from app.core.i18n import locale
from app.core.jobs import asking, kind_of
from app.core.runtime import runtime

OPEN = (ImportState.RUNNING, ImportState.UNDOING)
PAST_CHECK = tuple(state for state in ImportState if state not in (*MAPPED, ImportState.CHECKING))


@bp.get("/imports")
@requires("contacts.import")
def index() -> ResponseReturnValue:
    rows = service.recent(account_id())
    undoable = {row.id for row in rows if service.may_undo(row)}
    return page("contacts/importing/index.html", rows=rows, words=STATES, people=people_of(rows), undoable=undoable)


@bp.get("/import/<id>")
@requires("contacts.import")
def show(id: str) -> ResponseReturnValue:
    """What became of it; while it runs, how far it is."""
    row = wanted(id)
    if away := elsewhere(row, PAST_CHECK):
        return away
    job = service.job_of(row)
    mark = mark_of(row.state, job and (job.done, job.skipped, job.total, job.state, job.cancel_asked))
    if is_shown(mark):
        return unchanged()
    return page(
        "contacts/importing/show.html",
        fragment="contacts/importing/_outcome.html",
        row=row,
        job=job,
        mark=mark,
        word=STATES[row.state],
        is_open=row.state in OPEN,
        result=kind_of(job.kind)(runtime()).words(job) if row.state == ImportState.UNDONE and job else "",
        person=people_of([row]).get(row.created_by),
        max_rows=MAX_ROWS,
        may_undo=service.may_undo(row),
        has_problems=has_problems(row),
        kept_until=row.finished_at + KEPT if row.finished_at else None,
    )


@bp.get("/import/<id>/problems")
@requires("contacts.import")
def problems(id: str) -> ResponseReturnValue:
    return answer_problems(wanted(id), locale())


@bp.post("/import/<id>/stop")
@requires("contacts.import")
def stop(id: str) -> ResponseReturnValue:
    row = wanted(id)
    job = service.job_of(row)
    if job is not None:
        if not asking.may_stop(job, current_actor().user_id, current_user.permissions):
            raise Forbidden
        with write() as session:
            asking.ask_to_stop(session.connection(), job)
        notify(_("It stops in a moment. What is done stays done."), "info")
    return go(url_for(".show", id=row.id))


@bp.get("/import/<id>/undo")
@requires("contacts.import")
def confirm_undo(id: str) -> ResponseReturnValue:
    row = wanted(id)
    if not service.may_undo(row):
        return go(url_for(".show", id=row.id))
    return page("contacts/importing/undo.html", row=row)


@bp.post("/import/<id>/undo")
@requires("contacts.import")
def undo(id: str) -> ResponseReturnValue:
    row = wanted(id)
    try:
        with write():
            service.start_undo(current_actor(), locked(row.id))
    except Conflict as error:
        return gone_on(row.id, error)
    return go(url_for(".show", id=row.id))


@bp.post("/import/<id>/discard")
@requires("contacts.import")
def discard(id: str) -> ResponseReturnValue:
    row = wanted(id)
    try:
        with write():
            service.discard(current_actor(), locked(row.id))
    except Conflict as error:
        return gone_on(row.id, error)
    notify(_("The file is discarded. Nothing of it was imported."), "info")
    return go(url_for(".index"))


def people_of(rows: Sequence[ContactImport]) -> dict[UUID | None, str]:
    """Who uploaded, by name."""
    ids = {row.created_by for row in rows if row.created_by is not None}
    found = select(User.id, User.name).where(User.account_id == account_id(), User.id.in_(ids))
    return {row.id: row.name for row in db.session.execute(found)} if ids else {}
