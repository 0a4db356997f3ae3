"""The pages of funnels: /funnels."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.core.access import account_id, current_actor, has_permission, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate
from app.funnels.models import Funnel
from app.funnels.structure import reading, service, totals
from app.funnels.structure.forms import FunnelChangeForm, NewFunnelForm
from app.funnels.structure.patterns import PATTERNS
from app.funnels.structure.stages import service as stages
from app.funnels.structure.words import KINDS

bp = Blueprint("funnels", __name__, url_prefix="/funnels")


@bp.get("")
@requires("funnels.view")
def index() -> ResponseReturnValue:
    asked, session = clamped(request.args), db.session()
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in reading.SORTS else "name"
    text = request.args.get("q", "")
    found = paginate(session, reading.search(account_id(), text=text, sort=sort), page=asked.page, limit=asked.limit)
    ids = [funnel.id for funnel in found.rows]
    zone = ZoneInfo(str(get_timezone()))  # that one of the library has another arithmetic
    return page(
        "funnels/structure/index.html",
        fragment="funnels/structure/_rows.html",
        found=found,
        stages=reading.stages_by_funnel(session, ids),
        totals=totals.of_stages(session, ids),
        open_of=totals.open_of,
        won=totals.won_since(session, ids, totals.month_start(zone)),
        nothing=totals.NOTHING,
        kinds=KINDS,
        deleted=_deleted(),
        just_deleted=to_uuid(request.args.get("deleted")),
        gone_at=reading.gone_at,
        filtered=bool(text.strip()),
        sort=sort,
    )


def _deleted() -> list[Funnel]:
    return list(reading.deleted_of(db.session(), account_id())) if has_permission("funnels.edit") else []


@bp.get("/new")
@requires("funnels.edit")
def new() -> ResponseReturnValue:
    return show_new(NewFunnelForm(data={"pattern": "sales"}))


@bp.post("")
@requires("funnels.edit")
def create() -> ResponseReturnValue:
    form = NewFunnelForm()
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write():
            funnel_id = service.create(current_actor(), form.values()).id
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_new(form, 422)
    notify(_("Funnel created."))
    return go(url_for("board.show", id=funnel_id))


def show_new(form: NewFunnelForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "funnels/structure/new.html",
        fragment="funnels/structure/_new_form.html",
        form=form,
        patterns=PATTERNS,
        status=status,
    )


@bp.get("/<id>/edit")
@requires("funnels.edit")
def edit(id: str) -> ResponseReturnValue:
    funnel = wanted(id)
    return show_edit(funnel, FunnelChangeForm.of(funnel))


@bp.post("/<id>/edit")
@requires("funnels.edit")
def update(id: str) -> ResponseReturnValue:
    funnel = wanted(id)
    form = FunnelChangeForm.of(funnel)
    if not form.validate_on_submit():
        return show_edit(funnel, form, 422)
    try:
        with write():
            service.update(current_actor(), funnel.id, form.values(), version=typed_version(form.version.data))
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_edit(funnel, form, 422)
    notify(_("Funnel saved."))
    return go(url_for(".edit", id=funnel.id))


def show_edit(funnel: Funnel, form: FunnelChangeForm, status: int = 200) -> ResponseReturnValue:
    session = db.session()
    return page(
        "funnels/structure/edit.html",
        fragment="funnels/structure/_edit_form.html",
        funnel=funnel,
        form=form,
        stages=reading.stages_of(session, funnel.id),
        totals=totals.of_stages(session, [funnel.id]),
        nothing=totals.NOTHING,
        kinds=KINDS,
        maximum=stages.MAX_STAGES,
        status=status,
    )


@bp.get("/<id>/delete")
@requires("funnels.edit")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("funnels.edit")
def delete(id: str) -> ResponseReturnValue:
    funnel = wanted(id)
    if not typed_name(funnel.name):
        return show_delete(funnel, wrong_name=True)
    with write():
        service.delete(current_actor(), funnel.id)
    return go(url_for(".index", deleted=funnel.id))


def show_delete(funnel: Funnel, wrong_name: bool = False) -> ResponseReturnValue:
    found = totals.of_stages(db.session(), [funnel.id])
    return page(
        "funnels/structure/delete.html",
        fragment="funnels/structure/_danger.html",
        funnel=funnel,
        cards=sum(total.cards for total in found.values()),
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


@bp.post("/<id>/restore")
@requires("funnels.edit")
def restore(id: str) -> ResponseReturnValue:
    try:
        with write():
            funnel_id: UUID = service.restore(current_actor(), to_uuid(id)).id
    except Conflict as error:
        notify(localized(error.message), "danger")
        return go(url_for(".index"))
    notify(_("The funnel is back."))
    return go(url_for("board.show", id=funnel_id))


def wanted(id: str) -> Funnel:
    return reading.get(account_id(), to_uuid(id))
