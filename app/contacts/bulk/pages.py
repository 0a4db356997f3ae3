"""The pages that change many contacts: what and how many first, then the change; /contacts/bulk."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import select

from app.contacts import filters
from app.contacts.bulk import service, words
from app.contacts.bulk.actions import Action, Wanted
from app.contacts.bulk.selection import Selection
from app.contacts.bulk.service import CountMoved
from app.contacts.filters import NAMES, Filters
from app.contacts.models import Category, Tag
from app.core import jobs
from app.core.access import account_id, current_actor, has_permission, requires
from app.core.db import db, write
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, localized
from app.core.htmx import go, notify, page
from app.core.ids import to_uuid

bp = Blueprint("contact_bulk", __name__, url_prefix="/contacts/bulk")
MAX_IDS = 500
MAX_DIGITS = 9
SHOWN_TAGS = 30  # as boxes to tick; more are typed
SHOWN_CATEGORIES = 200
ACTIONS = {
    "tag": Action.ADD_TAGS,
    "untag": Action.REMOVE_TAGS,
    "categorize": Action.ADD_CATEGORIES,
    "uncategorize": Action.REMOVE_CATEGORIES,
    "delete": Action.DELETE,
}
NOBODY = _l("Select at least one contact first.")
WRONG_COUNT = _l("Type how many contacts this deletes.")


@bp.post("")
@requires("contacts.edit")
def choose() -> ResponseReturnValue:
    """Shows how many it means and asks what for. What cannot be meant leads back to the list with the reason."""
    try:
        action, chosen = _asked()
        number = service.count(db.session(), account_id(), chosen)
    except (Invalid, NotFound) as error:
        return _back(error)
    return _show(action, chosen, number)


@bp.post("/start")
@requires("contacts.edit")
def start() -> ResponseReturnValue:
    """A few at once, many as a job. Another number than the confirmed one shows the page again (409)."""
    actor = current_actor()
    try:
        action, chosen = _asked()
        confirmed = _number("confirm_count")
    except (Invalid, NotFound) as error:
        return _back(error)
    wanted = Wanted(action, _tags(), tuple(map(to_uuid, request.form.getlist("category_ids"))))
    if action is Action.DELETE and _number("typed_count") != confirmed:
        return _show(action, chosen, confirmed, localized(WRONG_COUNT), 422)
    try:
        params = service.prepare(db.session(), actor, chosen, confirmed)
        with write() as session:
            id_ = service.start(session, actor, wanted, chosen, params, confirmed)
    except CountMoved as moved:
        return _show(action, chosen, moved.count, localized(moved.message), 409)
    except Invalid as error:
        return _show(action, chosen, confirmed, localized(error.message), 422)
    except (Conflict, NotFound) as error:
        return _back(error)
    return _finish(id_, confirmed)


@bp.post("/undo")
@requires("contacts.edit")
def undo() -> ResponseReturnValue:
    try:
        with write() as session:
            wanted = to_uuid(request.form.get("job"))
            id_, number = service.start_undo(session, current_actor(), wanted, current_user.permissions)
    except Conflict as error:
        return _back(error)
    return _finish(id_, number)


def _finish(id: UUID, number: int) -> ResponseReturnValue:
    """Back to the list where it is done, with a button that takes it back; else to the page of the job."""
    db.session.rollback()
    service.run_small(id, number)
    job = jobs.get(db.session(), account_id(), id)
    if not service.is_done(job):
        return go(url_for("jobs.show", id=id))
    can_undo = service.can_undo(job)
    said = render_template("contacts/bulk/_done.html", said=words.said(job), job=job if can_undo else None)
    notify(Markup(said), "success" if job.done else "warning")  # noqa: S704 - a template of ours, which escapes
    return go(_list_url())


def _asked() -> tuple[Action, Selection]:
    """The action and whom it is for. Raises Invalid, and Forbidden for who may not."""
    action = ACTIONS.get(request.form.get("action", ""))
    if action is None:
        raise Invalid({"action": [_l("Choose what to do with the contacts.")]})
    if not has_permission(action.permission):
        raise Forbidden
    return action, _selection()


def _selection() -> Selection:
    if request.form.get("all") != "1":
        ids = tuple(to_uuid(text) for text in request.form.getlist("ids")[: MAX_IDS + 1])
        if not ids or len(ids) > MAX_IDS:
            raise Invalid({"ids": [NOBODY]})
        return Selection(Filters(), ids)
    asked = filters.from_url(request.form, ZoneInfo(g.timezone))
    if asked.problems:
        raise Invalid(asked.problems)
    return Selection(asked.filters)


def _tags() -> tuple[str, ...]:
    """The ticked ones, and those that were typed."""
    typed = request.form.get("more_tags", "").split(",")
    return tuple(name for name in (*request.form.getlist("tags"), *typed) if name.strip())


def _number(field: str) -> int:
    """What the person saw or typed; -1, which no number is, for anything else. "1.234" is how Portuguese writes it."""
    text = request.form.get(field, "").replace(".", "").replace(",", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else -1


def _show(action: Action, chosen: Selection, number: int, wrong: str | None = None, status: int = 200) -> Response:
    tags, categories = _offered(action)
    return page(
        "contacts/bulk/choose.html",
        action=action,
        name=next(name for name, one in ACTIONS.items() if one is action),
        Action=Action,
        title=words.TITLES[action],
        is_all=chosen.ids is None,
        fields=_fields(),
        number=max(number, 0),
        tags=tags,
        shown_tags=SHOWN_TAGS,
        categories=categories,
        ticked=set(request.form.getlist("tags")) | set(request.form.getlist("category_ids")),
        more_tags=request.form.get("more_tags", ""),
        wrong=wrong,
        back=_list_url(),
        status=status,
    )


def _offered(action: Action) -> tuple[list[str], list[Any]]:
    """The names of tags, and the categories, to choose from."""
    if action in (Action.ADD_TAGS, Action.REMOVE_TAGS):
        found = select(Tag.name).where(Tag.account_id == account_id()).order_by(Tag.folded_name)
        return list(db.session.scalars(found.limit(SHOWN_CATEGORIES))), []
    mine = select(Category.id, Category.name, Category.color).where(Category.account_id == account_id())
    if action is Action.DELETE:
        return [], []
    return [], list(db.session.execute(mine.order_by(Category.folded_name).limit(SHOWN_CATEGORIES)))


def _fields() -> list[tuple[str, str]]:
    """What the next form says again: whom it is for, and which list to go back to."""
    ids = request.form.getlist("ids")
    whom = [("all", "1")] if request.form.get("all") == "1" else [("ids", text) for text in ids]
    return [*whom, *_filters().items()]


def _filters() -> dict[str, str]:
    return {name: request.form[name] for name in NAMES if request.form.get(name)}


def _list_url() -> str:
    """The list that somebody came from."""
    given: dict[str, Any] = dict(_filters())
    return url_for("contacts.index", **given)


def _back(error: Invalid | NotFound | Conflict) -> ResponseReturnValue:
    words_ = _("There is no such segment.") if isinstance(error, NotFound) else localized(error.message)
    notify(words_, "warning")
    return go(_list_url())
