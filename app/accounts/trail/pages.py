"""The page of the audit: /audit, with its filters in the URL and its export."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.models import AuditEntry
from app.accounts.trail import export, reading, words
from app.accounts.trail.export import Order
from app.accounts.trail.filters import NAMES, Asked, from_url
from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.db import TooSlow, db, write
from app.core.errors import Malformed
from app.core.exports import new_file, sent
from app.core.htmx import go, notify, page
from app.core.i18n import locale
from app.core.list_filters import chips, with_given
from app.core.pagination import Page, clamped
from app.core.spreadsheets import KINDS as FORMATS

bp = Blueprint("audit", __name__, url_prefix="/audit")


@bp.get("")
@requires("audit.view")
def index() -> ResponseReturnValue:
    """What cannot be meant finds nothing and says why; a cursor that is not ours leads to the first page."""
    asked = from_url(request.args, ZoneInfo(g.timezone), clock.now())
    found = _found(asked)

    def said(name: str, value: str) -> Any:
        names_somebody = name == "user" and found is not None and found.rows
        return found.rows[0].actor if names_somebody and found is not None else words.filter_word(name, value)

    return page(
        "audit/index.html",
        fragment="audit/_rows.html",
        found=found,
        problems=list(asked.problems.values()),
        filters=asked.filters,
        chips=chips(request.args, words.FILTERS, asked.moments, said),
        groups=with_given(list(words.GROUPS.items()), request.args.get("action")),
        given={name: request.args[name] for name in NAMES if request.args.get(name)},
        words=words,
    )


def _found(asked: Asked) -> Page[AuditEntry] | None:
    """None: it took too long to find."""
    limit, after = clamped(request.args).limit, request.args.get("after") or None
    if asked.problems:
        return Page([], None, limit, 0)
    try:
        try:
            return reading.search(db.session(), account_id(), asked.filters, after=after, limit=limit)
        except Malformed:
            return reading.search(db.session(), account_id(), asked.filters, limit=limit)
    except TooSlow:
        return None


@bp.post("/export")
@requires("audit.view", confirmed=True)
def export_rows() -> ResponseReturnValue:
    """The filtered set as a file, until now: what comes later is not in it, the entry of this export neither."""
    now = clock.now()
    asked = from_url(request.form, ZoneInfo(g.timezone), now)
    suffix = request.form.get("format", "")
    if asked.problems or suffix not in FORMATS:
        notify(_("This cannot be exported: change the filters."), "warning")
        return go(url_for(".index"))
    filters = asked.filters if asked.filters.end is not None else replace(asked.filters, end=now)
    order = Order(account_id(), filters, suffix, g.timezone, locale())
    if export.is_small(db.session(), order):
        return _file(order)
    with write() as session:
        job = export.start(session, current_actor(), order)
    return go(url_for("jobs.show", id=job))


def _file(order: Order) -> Response:
    actor, out = current_actor(), new_file()
    written = export.write_table(db.session(), order, out)
    with write() as session:
        export.note(session, actor, order, written.rows)
    return sent(order, out)
