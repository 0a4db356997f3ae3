"""The figures of a funnel: /funnels/<id>/figures."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock
from app.core.access import account_id, requires
from app.core.db import TooSlow, db, time_limited
from app.core.errors import Malformed
from app.core.exports import sent
from app.core.htmx import page
from app.core.i18n import locale
from app.core.ids import to_uuid
from app.core.period import Asked
from app.core.period_page import period_bar
from app.core.period_words import span, time_text
from app.funnels import owners
from app.funnels.figures import drawing, report_table, words
from app.funnels.figures.asking import owner_asked, period_asked
from app.funnels.figures.report import SECONDS, Report, is_empty, report
from app.funnels.figures.scope import Scope
from app.funnels.models import Funnel
from app.funnels.structure import reading

bp = Blueprint("funnel_figures", __name__, url_prefix="/funnels")
NAMES = ("period", "from", "to", "compare", "owner")  # of a URL, that go on to the file


class _Wanted(NamedTuple):
    """What the URL asks for. `problem`: why not all of it is shown."""

    funnel: Funnel
    scope: Scope
    period: Asked
    people: dict[UUID, str]
    problem: str


@bp.get("/<id>/figures")
@requires("funnels.view")
def show(id: str) -> ResponseReturnValue:
    """An odd period shows the last 7 days, an unknown owner everybody's cards, and both are said."""
    now = clock.now()
    wanted = _wanted(id, now)
    context: dict[str, Any] = {
        "funnel": wanted.funnel,
        "people": wanted.people,
        "owners": [(owners.NOBODY, _("Nobody")), *((str(id_), name) for id_, name in wanted.people.items())],
        "bar": period_bar(wanted.period, owner=str(wanted.scope.owner or "")),
        "problem": wanted.problem,
        "given": {name: request.args[name] for name in NAMES if request.args.get(name)},
        "stages": reading.stages_of(db.session(), wanted.funnel.id),
        "meanings": words.MEANINGS,
    }
    try:
        found = _found(wanted, now)
    except TooSlow:
        return page("funnels/figures/show.html", found=None, is_slow=True, **context)
    return page("funnels/figures/show.html", found=found, **context, **(_drawn(wanted, found, now) if found else {}))


@bp.get("/<id>/figures/report.csv")
@requires("funnels.export")
def download(id: str) -> Response:
    """The same figures as a file."""
    now = clock.now()
    wanted = _wanted(id, now)
    try:
        with time_limited(db.session(), SECONDS):
            found = report(db.session(), wanted.scope, wanted.period.period, wanted.period.compare, now)
    except TooSlow:
        raise Malformed(_("These figures took too long: choose a shorter period.")) from None
    out, order = BytesIO(), report_table.Order("csv", locale())
    report_table.write(found, wanted.people, order, out)
    return sent(order, out)


def _wanted(id: str, now: datetime) -> _Wanted:
    funnel = reading.get(account_id(), to_uuid(id))
    everybody, owner, problem = owners.names(db.session(), account_id()), None, ""
    try:
        owner = owner_asked(request.args.get("owner"), everybody)
    except LookupError:
        problem = _("There is no such person: the cards of everybody are shown.")
    asked = period_asked(request.args, now, ZoneInfo(g.timezone))
    return _Wanted(funnel, Scope(funnel.account_id, funnel.id, owner), asked, everybody, problem)


def _found(wanted: _Wanted, now: datetime) -> Report | None:
    """None while the funnel never had a card."""
    with time_limited(db.session(), SECONDS):
        if is_empty(db.session(), wanted.scope):
            return None
        return report(db.session(), wanted.scope, wanted.period.period, wanted.period.compare, now)


def _drawn(wanted: _Wanted, found: Report, now: datetime) -> dict[str, Any]:
    return {
        "cards": drawing.cards(found, wanted.funnel.id),
        "entered": drawing.entered(found),
        "values": drawing.values(found, now),
        "won": drawing.won(found, now),
        "lost_reasons": drawing.reasons(found, of_lost=True),
        "won_reasons": drawing.reasons(found, of_lost=False),
        "forecast": drawing.forecast(found),
        "span": span(found.period),
        "span_before": span(found.before.period) if found.before else None,
        "as_of": time_text(now),
        "stay": words.stay,
        "due_word": words.when,
        "owner_name": lambda owner_id: owners.name_of(wanted.people, owner_id),
    }
