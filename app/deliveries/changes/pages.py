"""The pages that replay and cancel: the number first, then the change; /deliveries/replay, /deliveries/cancel."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, safe_next
from app.core.ids import to_uuid
from app.deliveries import bulk, words
from app.deliveries.bulk import DIRECT, CountMoved
from app.deliveries.changes import service
from app.deliveries.filters import Filter, State, from_url
from app.deliveries.pages import bp, list_url
from app.deliveries.plan import Asked, Plan, Verb, plan
from app.outbound.models import Target

MAX_DIGITS = 12


@bp.get("/replay")
@requires("deliveries.replay")
def confirm_replay() -> ResponseReturnValue:
    return confirm(Verb.REPLAY)


@bp.get("/cancel")
@requires("deliveries.cancel")
def confirm_cancel() -> ResponseReturnValue:
    return confirm(Verb.CANCEL)


@bp.post("/replay")
@requires("deliveries.replay")
def replay() -> ResponseReturnValue:
    return carry_out(Verb.REPLAY)


@bp.post("/cancel")
@requires("deliveries.cancel")
def cancel() -> ResponseReturnValue:
    return carry_out(Verb.CANCEL)


@bp.post("/<id>/replay")
@requires("deliveries.replay")
def replay_one(id: str) -> ResponseReturnValue:
    return change_one(Verb.REPLAY, id)


@bp.post("/<id>/cancel")
@requires("deliveries.cancel")
def cancel_one(id: str) -> ResponseReturnValue:
    return change_one(Verb.CANCEL, id)


def confirm(verb: Verb) -> ResponseReturnValue:
    """Shows how many it would meet. What cannot be meant leads back to the list with the reason."""
    try:
        asked = asked_of(verb, request.args)
        if asked.filter.ids == ():
            notify(_("Select at least one delivery first."), "warning")
            return go(list_url(without_rows(asked.filter)))
        found = plan(db.session.connection(), account_id(), asked, clock.now())
    except Invalid as error:
        return back(error)
    return show(found)


def carry_out(verb: Verb) -> ResponseReturnValue:
    """A few at once, many as a job. Another number than the confirmed one shows the page again (409)."""
    try:
        asked = asked_of(verb, request.form)
        now = bulk.check_count(db.session.connection(), account_id(), asked, confirmed_count())
    except CountMoved as moved:
        return show(moved.plan, localized(moved.message), 409)
    except Invalid as error:
        return back(error)
    return at_once(asked, now.count) if now.count <= DIRECT else as_job(asked, now.count)


def at_once(asked: Asked, count: int) -> ResponseReturnValue:
    try:
        with write() as session:
            done, at = bulk.at_once(session, current_actor(), asked, count)
    except CountMoved as moved:
        return show(moved.plan, localized(moved.message), 409)
    if asked.verb is Verb.CANCEL:
        notify(bulk.cancelled_words(done.done), "success" if done.done else "warning")
        was_dead = asked.filter.state is State.DEAD  # sending is no undoing of that
        return go(url_for(".index", state="cancelled", undo=None if was_dead else at.isoformat()))
    notify(bulk.replayed_words(done.done), "success" if done.done else "warning")
    return go(list_url(without_rows(asked.filter)))


def as_job(asked: Asked, count: int) -> ResponseReturnValue:
    with write() as session:
        id_ = bulk.start(session, current_actor(), asked, count)
    return go(url_for("jobs.show", id=id_))


def change_one(verb: Verb, id: str) -> ResponseReturnValue:
    change, said = (
        (service.retry, _("It goes out again."))
        if verb is Verb.REPLAY
        else (service.cancel, _("Cancelled. Send it again to undo this."))
    )
    try:
        with write() as session:
            change(session, current_actor(), to_uuid(id))
    except Conflict as error:
        notify(localized(error.message), "danger")
    else:
        notify(said)
    return go(safe_next(request.form.get("next"), url_for(".show", id=id)))  # the event's page has these buttons too


def asked_of(verb: Verb, given: Any) -> Asked:
    """A verb on the filter of a query or form. `selected` alone means that boxes were offered and none was ticked.
    Raises Invalid."""
    ids = given.getlist("id") or ([""] if given.get("selected") else [])
    return Asked(verb, from_url(given, ids, get_timezone() or UTC), given.get("include_old") == "1")


def confirmed_count() -> int:
    """The number that the person saw; -1, which none is, for anything else."""
    text = request.form.get("confirm_count", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else -1


def back(error: Invalid) -> ResponseReturnValue:
    notify(localized(error.message), "warning")
    return go(url_for(".index"))


def show(found: Plan, moved: str | None = None, status: int = 200) -> ResponseReturnValue:
    asked = found.asked
    return page(
        "deliveries/confirm.html",
        plan=found,
        verb=asked.verb,
        meant=words.filter_words(asked.filter, target_of(asked.filter.target)),
        fields=asked.filter.to_url(),
        moved=moved,
        back=list_url(without_rows(asked.filter)),
        status=status,
    )


def without_rows(asked: Filter) -> Filter:
    """The list that somebody came from: neither the rows picked in it nor a span."""
    return Filter(asked.state, asked.kind, asked.target, asked.error)


def target_of(id: UUID | None) -> Target | None:
    target = db.session.get(Target, id) if id is not None else None
    return target if target is not None and target.account_id == account_id() else None
