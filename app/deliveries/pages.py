"""The pages of deliveries: /deliveries, a list by state and one delivery with its attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone

from app.core.access import account_id, has_permission, requires
from app.core.db import db
from app.core.errors import Invalid, Malformed, localized
from app.core.htmx import is_shown, mark_of, page, unchanged
from app.core.ids import to_uuid
from app.core.pagination import Page, clamped
from app.deliveries import service, words
from app.deliveries.bulk import DIRECT
from app.deliveries.changes import service as changes
from app.deliveries.filters import Filter, State, from_url
from app.deliveries.plan import MEETS, Verb
from app.deliveries.requests import shown_request
from app.deliveries.service import Line
from app.outbound.kinds import Subject, kinds
from app.outbound.models import Attempt, Delivery
from app.outbound.words import errors_of, outcome_word

bp = Blueprint("deliveries", __name__, url_prefix="/deliveries")
UNDO_MICROSECOND = timedelta(microseconds=1)


@bp.get("")
@requires("deliveries.view")
def index() -> ResponseReturnValue:
    return listing(State.ALL)


@requires("deliveries.view")
def dead() -> ResponseReturnValue:
    """/deliveries/dead, a page of its own in the menu."""
    return listing(State.DEAD)


def listing(default: State) -> ResponseReturnValue:
    """An odd filter shows an empty list that says what is odd; a cursor that is not ours leads to the first page. A
    live fragment that would show the same is not sent again."""
    asked, wrong = asked_filter(default)
    found: Page[Line] = _found(asked) if not wrong else Page([], 1, 0, 0)
    groups = service.groups(account_id()) if asked.is_plain and asked.state is State.DEAD else []
    shown_tabs, targets = tabs(asked), service.targets(account_id())
    mark = _mark(found, groups, [tab["count"] for tab in shown_tabs])
    if is_shown(mark):
        return unchanged()
    return page(
        "deliveries/index.html",
        fragment="deliveries/_rows.html",
        asked=asked,
        wrong=[localized(text) for texts in wrong.values() for text in texts],
        found=found,
        groups=groups,
        mark=mark,
        tabs_=shown_tabs,
        targets=targets,
        undo=undo(),
        meets={verb: asked.state in MEETS[verb] or asked.state is State.ALL for verb in Verb},
        meets_all={verb: asked.state in MEETS[verb] for verb in Verb},
        words=words,
        errors=errors_of(words.kind_of(asked, targets)),
        link=link,
    )


@bp.get("/<id>")
@requires("deliveries.view")
def show(id: str) -> ResponseReturnValue:
    """While it waits the page asks again by itself, so that who sent it again sees how that ended."""
    detail = service.get(account_id(), to_uuid(id), kinds())
    line = detail.line
    mark = mark_of(line.state, line.target.state, len(detail.attempts), *_shown(line.delivery))
    if is_shown(mark):
        return unchanged()
    owed = service.owed_of(line.delivery)
    may_see = has_permission("pixels.view")
    return page(
        "deliveries/show.html",
        mark=mark if line.state is State.OPEN else None,
        line=line,
        delivery=line.delivery,
        target=line.target,
        policy=kinds().get(line.delivery.kind).policy_of(db.session.connection(), line.target.id),
        history=[_step(attempt, line.delivery.kind) for attempt in detail.attempts],
        refusal=changes.refusal(line.delivery, line.target),
        can_cancel=line.state in MEETS[Verb.CANCEL],
        sent=shown_request(kinds(), db.session.connection(), owed, reveal=may_see),
        words=words,
        link=link,
    )


def asked_filter(default: State = State.ALL) -> tuple[Filter, dict[str, Any]]:
    """What the query asks for, or what is wrong with it."""
    zone = get_timezone() or UTC
    try:
        return from_url(request.args, request.args.getlist("id"), zone, default), {}
    except Invalid as error:
        return Filter(default, ids=()), error.fields


def _found(asked: Filter) -> Page[Line]:
    limit = clamped(request.args).limit
    try:
        return service.search(account_id(), asked, kinds(), after=request.args.get("after") or None, limit=limit)
    except Malformed:
        return service.search(account_id(), asked, kinds(), limit=limit)


def _mark(found: Page[Line], groups: list[service.Group], counts: list[int | None]) -> str:
    rows = [(line.state, line.target.label, *_shown(line.delivery)) for line in found.rows]
    grouped = [(group.target.id, group.error, group.number) for group in groups]
    return mark_of(rows, grouped, counts, found.total, found.more, found.next)


def _shown(delivery: Delivery) -> tuple[Any, ...]:
    return delivery.id, delivery.attempts, delivery.error, delivery.detail, delivery.done_at, delivery.next_at


def tabs(asked: Filter) -> list[dict[str, Any]]:
    """By state, with counts where tallies know them; kind and target stay."""
    counted = (State.OPEN, State.PAUSED, State.DEAD)
    by_state = {state: Filter(state, asked.kind, asked.target) for state in words.TABS}
    return [
        {
            "label": words.TABS[state],
            "href": list_url(own),
            "active": state is asked.state,
            "count": service.count(account_id(), own).number if state in counted else None,
        }
        for state, own in by_state.items()
    ]


def list_url(asked: Filter) -> str:
    """The page that lists a filter."""
    given = asked.to_url()
    if asked.state is State.DEAD:
        del given["state"]
        return url_for("dead_letters", **given)
    return url_for("deliveries.index", **given)


def undo() -> dict[str, Any] | None:
    """The fields that replay what a person cancelled a moment ago (`?undo=` its time), and how many that are."""
    try:
        at = datetime.fromisoformat(request.args.get("undo", ""))
        until = at + UNDO_MICROSECOND
        asked = from_url({"state": "cancelled", "error": "by_hand", "since": str(at), "until": str(until)}, [], UTC)
    except (ValueError, OverflowError, Invalid):
        return None
    number = service.count(account_id(), asked).number
    return asked.to_url() | {"include_old": "1", "confirm_count": number} if 0 < number <= DIRECT else None


def link(subject: Subject) -> str | None:
    values: dict[str, Any] = dict(subject.values)
    return url_for(subject.endpoint, **values) if subject.endpoint else None


def _step(attempt: Attempt, kind: str) -> dict[str, Any]:
    title, tone, icon = outcome_word(attempt.outcome, kind, attempt.detail)
    return {"attempt": attempt, "title": title, "tone": tone, "icon": icon}
