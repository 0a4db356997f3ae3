"""The filtered list taken along: /contacts/export."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.exporting import export, service
from app.contacts.exporting.export import Order
from app.contacts.filters import NAMES, from_url
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound, localized
from app.core.exports import new_file, sent
from app.core.htmx import go, notify
from app.core.i18n import locale
from app.core.spreadsheets import KINDS as FORMATS

bp = Blueprint("contact_export", __name__, url_prefix="/contacts/export")


@bp.post("")
@requires("contacts.export", confirmed=True)
def start() -> ResponseReturnValue:
    """The file, or many as a job. A POST, because it is noted in the audit and may start long work."""
    asked = from_url(request.form, ZoneInfo(g.timezone))
    suffix = request.form.get("format", "")
    if asked.problems or suffix not in FORMATS:
        return _back(_("This cannot be exported: change the filters."))
    try:
        order = service.order_of(db.session(), account_id(), asked.filters, suffix, g.timezone, locale())
        number = service.size(db.session(), order, asked.filters)
        if service.is_small(number):
            return file_of(order)
        with write() as session:
            job = export.start(session, current_actor(), order, number)
    except NotFound:
        return _back(_("There is no such segment."))
    except (Invalid, Conflict) as error:
        return _back(localized(error.message))
    return go(url_for("jobs.show", id=job))


def file_of(order: Order) -> Response:
    """Made now, and noted in the audit."""
    actor, out = current_actor(), new_file()
    rows = service.write_file(db.session(), order, out)
    with write() as session:
        export.note(session, actor, order, rows)
    return sent(order, out)


def _back(words: str) -> ResponseReturnValue:
    notify(words, "warning")
    given: dict[str, Any] = {name: request.form[name] for name in NAMES if request.form.get(name)}
    return go(url_for("contacts.index", **given))
