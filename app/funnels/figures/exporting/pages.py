"""The cards of a funnel taken along: /funnels/<id>/figures/export."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import NotFound
from app.core.exports import new_file, sent
from app.core.htmx import go, notify
from app.core.i18n import locale
from app.core.ids import to_uuid
from app.core.masking import masks_people
from app.core.periods import moment
from app.core.spreadsheets import KINDS as FORMATS
from app.funnels import owners
from app.funnels.figures.asking import owner_asked
from app.funnels.figures.exporting import export
from app.funnels.figures.exporting.export import Filters, Order
from app.funnels.figures.pages import bp
from app.funnels.models import Funnel
from app.funnels.states import State
from app.funnels.structure import reading


@bp.post("/<id>/figures/export")
@requires("funnels.export", confirmed=True)
def take_along(id: str) -> ResponseReturnValue:
    """The file, or many cards as a job. A POST, because it is noted in the audit and may start long work."""
    funnel = reading.get(account_id(), to_uuid(id))
    suffix, session = request.form.get("format", ""), db.session()
    try:
        if suffix not in FORMATS:
            raise LookupError(suffix)
        filters = _filters(funnel, request.form, owners.names(session, funnel.account_id))
    except (LookupError, NotFound):
        notify(_("This cannot be exported: change the filters."), "warning")
        return go(url_for(".show", id=funnel.id))
    order = Order(funnel.account_id, funnel.id, suffix, g.timezone, locale(), masks_people(), filters)
    rows, actor = export.count(session, order), current_actor()
    if not export.is_small(rows):
        with write() as store:
            job = export.start(store, actor, order, rows)
        return go(url_for("jobs.show", id=job))
    out = new_file()
    rows = export.write_table(session, order, out).rows
    with write() as store:
        export.note(store, actor, order, rows)
    return sent(order, out)


def _filters(funnel: Funnel, form: Mapping[str, str], everybody: Mapping[UUID, str]) -> Filters:
    """Raises LookupError or NotFound for what nobody can mean."""
    state, stage, zone = form.get("state") or None, form.get("stage") or None, ZoneInfo(g.timezone)
    if state is not None and state not in tuple(State):
        raise LookupError(state)
    stage_id = reading.get_stage(funnel.account_id, funnel.id, to_uuid(stage)).id if stage else None
    start, end = _bound(form, "from", zone), _bound(form, "to", zone)
    return Filters(owner_asked(form.get("owner"), everybody), state, stage_id, start, end)


def _bound(form: Mapping[str, str], name: str, zone: ZoneInfo) -> datetime | None:
    """A day, the whole of it; None for nothing given."""
    text = form.get(name, "").strip()
    found = moment(text, zone, of_end=name == "to") if text else None
    if text and found is None:
        raise LookupError(name)
    return found
