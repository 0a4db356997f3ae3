"""The pages of events: /events, the log with its filters, its exports, and one event with all that happened to it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.charts.words import duration
from app.core import clock
from app.core.access import account_id, current_actor, has_permission, requires
from app.core.db import TooSlow, db, time_limited, write
from app.core.errors import Malformed
from app.core.exports import new_file, sent
from app.core.htmx import go, is_shown, mark_of, notify, page, unchanged
from app.core.i18n import locale
from app.core.menu import MenuItem, add_to_menu, menu
from app.core.pagination import clamped
from app.core.spreadsheets import KINDS as FORMATS
from app.deliveries.requests import shown_request
from app.outbound.kinds import Owed, kinds
from app.tracking import detail, export, history, listing, log
from app.tracking.correction import pages as correction
from app.tracking.detail import Detail
from app.tracking.export import Order
from app.tracking.filters import Asked, from_url
from app.tracking.log import Lines
from app.tracking.log_paths import request_id, to_event_id
from app.tracking.words import IDENTITY_WORDS, STATUS_WORDS

bp = Blueprint("events", __name__, url_prefix="/events")
correction.add_to(bp)
SEARCH_S = 2.0  # a combination of filters that no index answers is cut off


@bp.get("")
@requires("events.view")
def index() -> ResponseReturnValue:
    """What cannot be meant finds nothing and says why; a cursor that is not ours leads to the first page. A live
    fragment that would show the same is not sent again."""
    asked = asked_for()
    found, is_too_slow = _found(asked)
    number = None if asked.problems or is_too_slow else listing.number_of(db.session(), account_id(), asked.filters)
    mark = _mark(found, number)
    if is_shown(mark):
        return unchanged()
    choices = listing.choices(db.session(), account_id(), request.args)
    return page(
        "tracking/index.html",
        fragment="tracking/_rows.html",
        found=found,
        number=number,
        mark=mark,
        problems=list(asked.problems.values()),
        is_too_slow=is_too_slow,
        filters=asked.filters,
        chips=listing.chips(request.args, asked, choices),
        choices=choices,
        given={name: text for name, text in request.args.items() if name in listing.SHOWN},
        words=STATUS_WORDS,
        request_id=request_id,
        amount=listing.amount,
    )


def asked_for() -> Asked:
    return from_url(request.args, ZoneInfo(g.timezone), clock.now())


def _found(asked: Asked) -> tuple[Lines, bool]:
    """The page, and whether it took too long to find."""
    if asked.problems:
        return Lines([]), False
    limit, after = clamped(request.args).limit, request.args.get("after") or None
    session, own = db.session(), account_id()
    try:
        with time_limited(session, SEARCH_S):
            try:
                return log.search(session, own, asked.filters, after=after, limit=limit), False
            except Malformed:
                return log.search(session, own, asked.filters, limit=limit), False
    except TooSlow:
        return Lines([]), True


def _mark(found: Lines, number: int | None) -> str:
    lines = [(line.event.id, line.status, line.reason, line.event.value, line.event.edited_at) for line in found.rows]
    return mark_of(lines, number)


@bp.post("/export")
@requires("events.view")
def export_rows() -> ResponseReturnValue:
    """The filtered set as a file: everybody who may read the log may take it along, since nothing personal is in it. A
    POST, because it is noted in the audit and may start long work."""
    asked = from_url(request.form, ZoneInfo(g.timezone), clock.now())
    suffix = request.form.get("format", "")
    if asked.problems or suffix not in FORMATS:
        notify(_("This cannot be exported: change the filters."), "warning")
        return go(url_for(".index"))
    order = Order(account_id(), asked.filters, suffix, g.timezone, locale())
    if export.is_small(db.session(), order):
        return _file(order)
    number = listing.number_of(db.session(), account_id(), asked.filters)
    with write() as session:
        job = export.start(session, current_actor(), order, number)
    return go(url_for("jobs.show", id=job))


def _file(order: Order) -> Response:
    actor, out = current_actor(), new_file()
    written = export.write_table(db.session(), order, out)
    with write() as session:
        export.note(session, actor, order, written.rows)
    return sent(order, out)


@bp.get("/<id>")
@requires("events.view")
def show(id: str) -> ResponseReturnValue:
    """While it waits the page asks again by itself, so that who sent it again sees how that ended."""
    found = detail.get(db.session(), account_id(), to_event_id(id))
    event = found.event
    took_s = listing.took_s(found)
    mark = mark_of(found.status, event.edited_at, event.repeats, len(found.attempts), took_s)
    if is_shown(mark):
        return unchanged()
    return page(
        "tracking/show.html",
        mark=mark if found.status == "pending" else None,
        found=found,
        event=event,
        request_id=request_id(event.id),
        word=STATUS_WORDS[found.status],
        took=None if took_s is None else duration(took_s),
        amount=listing.amount,
        identity=[IDENTITY_WORDS.get(name, name) for name in event.identity],
        fields=listing.shown_fields(event),
        history=history.timeline(found),
        plan=detail.plan(found, kinds().get("conversion").policy, clock.now()),
        sent=_request_of(found),
        notes=history.notes(found),
    )


def _request_of(found: Detail) -> Any:
    delivery = found.delivery
    if delivery is None:
        return None
    owed = Owed(delivery.account_id, delivery.id, delivery.kind, delivery.target_id, delivery.ref_id, delivery.ref_at)
    return shown_request(kinds(), db.session.connection(), owed, reveal=has_permission("pixels.view"))


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    add_to_menu(app, MenuItem("tracking", _l("Events"), "events.index", "activity", "events.view", 10, "e"))
    menu(app).search = MenuItem("tracking", _l("Find an event"), "events.index", "search", "events.view")
