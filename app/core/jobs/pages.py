"""The pages of long work: /jobs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.core.access import current_actor, has_permission, requires
from app.core.db import db, write
from app.core.errors import Forbidden
from app.core.htmx import go, is_shown, mark_of, notify, page, unchanged
from app.core.ids import to_uuid
from app.core.jobs import asking
from app.core.jobs.file import answer_file, may_fetch
from app.core.jobs.kinds import KINDS, LongJob, kind_of
from app.core.menu import MenuItem, add_to_menu
from app.core.models import Job, JobState
from app.core.runtime import runtime

bp = Blueprint("jobs", __name__, url_prefix="/jobs")
STATE_WORDS: dict[str, tuple[Any, str, str]] = {  # word, tone, icon
    JobState.QUEUED: (_l("Waits for its turn"), "info", "clock"),
    JobState.RUNNING: (_l("Running"), "info", "refresh"),
    JobState.DONE: (_l("Done"), "success", "check"),
    JobState.FAILED: (_l("Failed"), "danger", "x"),
    JobState.CANCELLED: (_l("Stopped"), "secondary", "circle-x"),
}


@bp.get("")
@requires("overview.view")
def index() -> ResponseReturnValue:
    found = [job for job in asking.recent(db.session(), current_actor().account_id) if job.kind in KINDS]
    visible = [(job, kind_of(job.kind)) for job in found]
    rows = [(job, kind.title) for job, kind in visible if has_permission(kind.permission)]
    return page("jobs/index.html", fragment="jobs/_rows.html", rows=rows, words=STATE_WORDS)


@bp.get("/<id>")
@requires("overview.view")
def show(id: str) -> ResponseReturnValue:
    """The page, or to htmx the progress alone; 204 while it stands where the asker has seen it."""
    job, kind = _wanted(id)
    mark = mark_of(job.state, job.done, job.skipped, job.total, job.cancel_asked)
    if is_shown(mark):
        return unchanged()
    return page(
        "jobs/show.html",
        fragment="jobs/_progress.html",
        job=job,
        title=kind.title,
        back=url_for(kind.back, **kind.back_to(job)),
        word=STATE_WORDS[job.state],
        result=kind.words(job) if job.state == JobState.DONE else "",
        mark=mark,
        is_open=job.finished_at is None,
        may_stop=_may_stop(job),
        may_fetch=may_fetch(job),
        undo=url_for(kind.undo) if kind.undo and kind.can_undo(job) else None,
    )


@bp.post("/<id>/stop")
@requires("overview.view")
def stop(id: str) -> ResponseReturnValue:
    with write() as session:
        job, _kind = _wanted(id)
        if not _may_stop(job):
            raise Forbidden
        asking.ask_to_stop(session.connection(), job)
    notify(_("It stops in a moment. What is done stays done."), "info")
    return go(url_for(".show", id=id))


@bp.get("/<id>/file")
@requires("overview.view")
def file(id: str) -> ResponseReturnValue:
    return answer_file(_wanted(id)[0])


def _wanted(id: str) -> tuple[Job, LongJob]:
    job = asking.get(db.session(), current_actor().account_id, to_uuid(id))
    kind = kind_of(job.kind)
    if not has_permission(kind.permission):
        raise Forbidden
    return job, kind(runtime())


def _may_stop(job: Job) -> bool:
    return asking.may_stop(job, current_actor().user_id, current_user.permissions)


def init_app(app: Flask) -> None:
    from app.core.jobs import api

    app.register_blueprint(bp)
    app.register_blueprint(api.bp)
    add_to_menu(app, MenuItem("system", _l("Long tasks"), "jobs.index", "clock", "overview.view", 80))
