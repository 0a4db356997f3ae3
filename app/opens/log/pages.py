"""The pages of single opens: /opens/log with its filters and exports, and /opens/ids/timeline."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.charts.words import duration
from app.core.access import account_id, current_actor, requires
from app.core.db import TooSlow, db, time_limited, write
from app.core.errors import Malformed
from app.core.exports import new_file, sent
from app.core.htmx import go, is_shown, mark_of, notify, page, unchanged
from app.core.i18n import locale
from app.core.masking import masks_people
from app.core.pagination import clamped
from app.core.spreadsheets import KINDS as FORMATS
from app.opens import ids
from app.opens.log import export, listing, number, reading, timeline
from app.opens.log.export import Order
from app.opens.log.filters import NAMES, Asked, Filters, from_url
from app.opens.log.number import Number
from app.opens.log.reading import Lines
from app.opens.log.words import why_not_counted
from app.opens.pages import bp
from app.opens.rules.words import CLASS_HELP, CLASSES, client_word, device_word, reason_words

SEARCH_S = 2.0  # what neither an index nor the figures know is cut off
COUNT_S = 0.5  # for its number, which may be left out


@bp.get("/opens/log")
@requires("opens.view")
def log() -> ResponseReturnValue:
    """What cannot be meant finds nothing and says why; a cursor that is not ours leads to the first page. A live
    fragment that would show the same is not sent again."""
    asked = _asked()
    found, is_too_slow = _found(asked)
    total = None if asked.problems or is_too_slow else _number(asked.filters)
    mark = mark_of([(line.open.id, line.open.hits, line.open.client, line.open.reason) for line in found.rows], total)
    if is_shown(mark):
        return unchanged()
    session, own = db.session(), account_id()
    choices = listing.choices(session, own, request.args, asked)
    return page(
        "opens/log.html",
        fragment="opens/_log_rows.html",
        found=found,
        number=total,
        mark=mark,
        problems=list(asked.problems.values()),
        is_too_slow=is_too_slow,
        filters=asked.filters,
        chips=listing.chips(request.args, asked, choices),
        choices=choices,
        given={name: text for name, text in request.args.items() if name in NAMES},
        images=listing.image_names(session, own, (line.open.image_id for line in found.rows)),
        classes=CLASSES,
        help=CLASS_HELP,
        client_word=client_word,
        device_word=device_word,
        why_not_counted=why_not_counted,
        reason_words=reason_words,
    )


def _asked() -> Asked:
    return from_url(request.args, ZoneInfo(g.timezone))


def _found(asked: Asked) -> tuple[Lines, bool]:
    """The page, and whether it took too long to find."""
    if asked.problems:
        return Lines([]), False
    try:
        with time_limited(db.session(), SEARCH_S):
            return _page_of(asked.filters), False
    except TooSlow:
        return Lines([]), True


def _page_of(wanted: Filters) -> Lines:
    limit, after = clamped(request.args).limit, request.args.get("after") or None
    try:
        return reading.search(db.session(), account_id(), wanted, after=after, limit=limit)
    except Malformed:
        return reading.search(db.session(), account_id(), wanted, limit=limit)


def _number(wanted: Filters) -> Number | None:
    try:
        with time_limited(db.session(), COUNT_S):
            return number.number_of(db.session(), account_id(), wanted)
    except TooSlow:
        return None


@bp.post("/opens/log/export")
@requires("opens.view")
def export_log() -> ResponseReturnValue:
    """The filtered set as a file. A POST, because it is noted in the audit and may start long work."""
    asked = from_url(request.form, ZoneInfo(g.timezone))
    suffix = request.form.get("format", "")
    if asked.problems or suffix not in FORMATS:
        notify(_("This cannot be exported: change the filters."), "warning")
        return go(url_for(".log"))
    order = Order(account_id(), asked.filters, suffix, g.timezone, locale(), masks_people())
    if export.is_small(db.session(), order):
        return _file(order)
    total = _number(asked.filters)
    with write() as session:
        job = export.start(session, current_actor(), order, None if total is None or total.more else total.total)
    return go(url_for("jobs.show", id=job))


def _file(order: Order) -> Response:
    actor, out = current_actor(), new_file()
    written = export.write_table(db.session(), order, out)
    with write() as session:
        export.note(session, actor, order, written.rows)
    return sent(order, out)


@bp.get("/opens/ids/timeline", endpoint="timeline")
@requires("opens.view")
def show_id() -> ResponseReturnValue:
    """All that is known of one id. One that nobody knows is no error: somebody may look before the first open."""
    ref = ids.clean(request.args.get("ref", "")).text
    session, own = db.session(), account_id()
    found = _page_of(Filters(ref=ref)) if ref else Lines([])
    images = listing.image_names(session, own, (line.open.image_id for line in found.rows))
    standing = timeline.standing(session, own, ref) if ref else None
    mailed = timeline.mailed(session, own, ref) if ref else []
    mark = mark_of([(line.open.id, line.open.hits, line.open.client) for line in found.rows], mailed, ref)
    if is_shown(mark):
        return unchanged()
    return page(
        "opens/timeline.html",
        fragment="opens/_timeline.html",
        ref=ref,
        standing=standing,
        mailed=mailed,
        moments=[timeline.moment(line, images) for line in found.rows],
        next=found.next,
        total=number.number_of(session, own, Filters(ref=ref)) if ref else None,
        mark=mark,
        duration=duration,
    )
