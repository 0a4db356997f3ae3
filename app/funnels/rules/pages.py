"""The rules of a funnel: /funnels/<id>/rules."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms.fields.choices import SelectChoice

from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_version
from app.core.ids import to_uuid
from app.funnels.models import CardRule, Funnel
from app.funnels.rules import builder, offered, reading, service, showing, sweep
from app.funnels.rules.builder import Builder
from app.funnels.rules.checking import MAX_ACTIONS
from app.funnels.rules.forms import WIRE_NAMES, RuleForm
from app.funnels.structure import reading as funnels

bp = Blueprint("card_rules", __name__, url_prefix="/funnels/<id>/rules")


@bp.get("")
@requires("funnels.view")
def index(id: str) -> ResponseReturnValue:
    session, own, funnel = db.session(), account_id(), funnel_of(id)
    return page(
        "funnels/rules/index.html",
        fragment="funnels/rules/_list.html",
        funnel=funnel,
        lines=showing.rules_of(session, own, funnel.id),
        rule_runs=showing.runs_in(session, own, funnel.id),
    )


@bp.get("/new")
@requires("funnels.edit")
def new(id: str) -> ResponseReturnValue:
    return show_form(funnel_of(id), RuleForm(), builder.empty())


@bp.post("")
@requires("funnels.edit")
def create(id: str) -> ResponseReturnValue:
    funnel, form, built = funnel_of(id), RuleForm(), builder.from_form(request.form)
    if built.change(request.form):
        return show_form(funnel, form, built)
    rule = _save(funnel, form, built, None)
    if rule is None:
        return show_form(funnel, form, built, status=422)
    notify(_("Rule created.") + applies_to(rule))
    return go(url_for(".index", id=funnel.id))


@bp.get("/<rule>/edit")
@requires("funnels.edit")
def edit(id: str, rule: str) -> ResponseReturnValue:
    funnel, found, form = funnel_of(id), wanted(id, rule), RuleForm()
    names = reading.names_of(db.session(), account_id(), [found])
    form.show(found, names.of(reading.source_of(found)) if found.tag_id else "")
    return show_form(funnel, form, builder.from_actions(found.actions, names), found)


@bp.post("/<rule>/edit")
@requires("funnels.edit")
def update(id: str, rule: str) -> ResponseReturnValue:
    funnel, found = funnel_of(id), wanted(id, rule)
    form, built = RuleForm(), builder.from_form(request.form)
    if built.change(request.form):
        return show_form(funnel, form, built, found)
    saved = _save(funnel, form, built, found)
    if saved is None:
        return show_form(funnel_of(id), form, built, wanted(id, rule), status=422)
    notify(_("Rule saved.") + applies_to(saved))
    return go(url_for(".index", id=funnel.id))


def _save(funnel: Funnel, form: RuleForm, built: Builder, rule: CardRule | None) -> CardRule | None:
    """None: it was not done, the messages stand in form and rows."""
    if not form.validate_on_submit():
        return None
    values, actor = form.values() | {"actions": built.actions()}, current_actor()
    try:
        with write():
            if rule is None:
                return service.create(actor, funnel.id, values)
            return service.update(actor, funnel.id, rule.id, values, version=typed_version(form.version.data))
    except Invalid as error:
        left = built.refuse(error.fields)
        if left:
            form.reject(Invalid(left), WIRE_NAMES)
        else:
            form.form_errors.append(_("Correct the actions marked below."))
    except Conflict as error:
        form.form_errors.append(_stale(form, error))
    return None


def _stale(form: RuleForm, error: Conflict) -> str:
    if not isinstance(error.current, CardRule):
        return localized(error.message)
    form.version.data = str(reading.get(account_id(), error.current.funnel_id, error.current.id).version)
    return str(_("Somebody else changed this rule meanwhile. Save again to overwrite their change."))


def applies_to(rule: CardRule) -> str:
    """What follows at once, for the cards that are there already."""
    number = sweep.count_fitting(db.session(), rule) if rule.is_active else 0
    if not number:
        return ""
    said = ngettext(
        "It runs on %(number)s open card within a minute.", "It runs on %(number)s open cards within a minute.",
        number, number=number,
    )  # fmt: skip
    return f" {said}"


@bp.post("/<rule>/switch")
@requires("funnels.edit")
def switch(id: str, rule: str) -> ResponseReturnValue:
    found, active = wanted(id, rule), request.form.get("active") == "1"
    try:
        with write():
            saved = service.update(current_actor(), found.funnel_id, found.id, {"isActive": active})
    except Invalid as error:
        notify(localized(error.message), "danger")
    else:
        notify(_("Rule switched on.") + applies_to(saved) if active else _("Rule switched off."))
    return go(url_for(".index", id=id))


@bp.post("/<rule>/shift")
@requires("funnels.edit")
def shift(id: str, rule: str) -> ResponseReturnValue:
    found = wanted(id, rule)
    with write():
        service.shift(current_actor(), found.funnel_id, found.id, up=request.form.get("to") == "up")
    return go(url_for(".index", id=id))


@bp.post("/<rule>/delete")
@requires("funnels.edit")
def delete(id: str, rule: str) -> ResponseReturnValue:
    found = wanted(id, rule)
    with write():
        service.delete(current_actor(), found.funnel_id, found.id)
    notify(_("Rule deleted. What it did stays in the history."), "warning")
    return go(url_for(".index", id=id))


def show_form(
    funnel: Funnel, form: RuleForm, built: Builder, rule: CardRule | None = None, status: int = 200
) -> ResponseReturnValue:
    session = db.session()
    offer = offered.read(session, funnel)
    form.stage.choices = [SelectChoice(*choice) for choice in offer.stage_choices(form.trigger.data)]
    return page(
        "funnels/rules/edit.html",
        fragment="funnels/rules/_form.html",
        funnel=funnel,
        form=form,
        rows=built.rows,
        new_row=built.new_row,
        offer=offer,
        rule=rule,
        most=MAX_ACTIONS,
        fitting=offered.count_typed(session, funnel, form.values(), rule),
        status=status,
    )


def funnel_of(id: str) -> Funnel:
    return funnels.get(account_id(), to_uuid(id))


def wanted(id: str, rule: str) -> CardRule:
    return reading.get(account_id(), funnel_of(id).id, to_uuid(rule))
