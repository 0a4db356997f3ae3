"""The pages of ids: /mailings/unopened, and the exports of lists."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Malformed
from app.core.exports import new_file, sent
from app.core.htmx import go, notify, page, url_with
from app.core.i18n import locale
from app.core.pagination import Page, clamped
from app.core.spreadsheets import KINDS as FORMATS
from app.opens.mailings import export, unopened
from app.opens.mailings.export import Order
from app.opens.mailings.pages import bp, wanted
from app.opens.mailings.unopened import DEFAULT_DAYS, MAX_DAYS, Kind, State

OFFERED = (1, 3, 7, 14, 30)  # days


@bp.get("/unopened", endpoint="unopened")
@requires("opens.view")
def not_opened() -> ResponseReturnValue:
    kind, days = asked_kind(request.args.get("kind")), asked_days(request.args.get("days"))
    return page(
        "mailings/unopened.html",
        fragment="mailings/_unopened.html",
        kind=kind,
        days=days,
        offered=[
            (str(number), ngettext("over %(num)d day ago", "over %(num)d days ago", number))
            for number in sorted({*OFFERED, days})
        ],
        tabs=[
            {"label": label, "href": url_with(kind=key, after=None), "active": key == kind}
            for key, label in ((Kind.WAITING, _("Not opened")), (Kind.MACHINES, _("Loaded by machines only")))
        ],
        found=_found(kind, days),
    )


def _found(kind: Kind, days: int) -> Page[Any]:
    """A cursor that is not ours leads to the first page."""
    read = unopened.waiting if kind == Kind.WAITING else unopened.machines
    session, now, limit = db.session(), clock.now(), clamped(request.args).limit
    try:
        return read(session, account_id(), days, now, after=request.args.get("after"), limit=limit)
    except Malformed:
        return read(session, account_id(), days, now, after=None, limit=limit)


@bp.post("/unopened/export")
@requires("opens.view")
def export_unopened() -> ResponseReturnValue:
    kind, days = asked_kind(request.form.get("kind")), asked_days(request.form.get("days"))
    return _exported(str(kind), url_for(".unopened", kind=kind, days=days), days=days, now=clock.now().isoformat())


@bp.post("/<id>/export")
@requires("opens.view")
def export_ids(id: str) -> ResponseReturnValue:
    mailing = wanted(id)
    state = request.form.get("state", "")
    known = state if state in tuple(State) else ""
    return _exported("mailing", url_for(".show", id=mailing.id), mailing=str(mailing.id), state=known)


def _exported(table: str, back: str, **about: Any) -> ResponseReturnValue:
    """A POST, because it is noted in the audit and may start long work."""
    suffix = request.form.get("format", "")
    if suffix not in FORMATS:
        notify(_("This cannot be exported: choose CSV or XLSX."), "warning")
        return go(back)
    order = Order(account_id(), table, suffix, g.timezone, locale(), **about)
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


def asked_kind(text: str | None) -> Kind:
    return Kind(text) if text in tuple(Kind) else Kind.WAITING


def asked_days(text: str | None) -> int:
    """The nearest that makes sense."""
    digits = (text or "").strip()
    return min(MAX_DAYS, int(digits[:6])) if digits.isascii() and digits.isdigit() else DEFAULT_DAYS
