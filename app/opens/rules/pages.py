"""The pages of rules and settings of opens: /opens/rules, /opens/settings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.core.ids import to_uuid
from app.opens.rules import built_in, service, shown, words
from app.opens.rules.forms import RuleForm, SettingsForm, TryForm
from app.opens.rules.models import RuleKind

bp = Blueprint("open_rules", __name__, url_prefix="/opens")
KIND_WORDS = {RuleKind.AGENT: _l("Program"), RuleKind.NETWORK: _l("IP address")}


@bp.get("/rules")
@requires("opens.view")
def index() -> ResponseReturnValue:
    return show_rules(RuleForm())


@bp.post("/rules")
@requires("opens.edit")
def create() -> ResponseReturnValue:
    form = RuleForm()
    if not form.validate_on_submit():
        return show_rules(form, 422)
    try:
        with write():
            service.create(
                current_actor(),
                kind=form.kind.data,
                pattern=form.pattern.data,
                open_class=form.open_class.data,
                note=form.note.data or "",
            )
    except Invalid as error:
        form.reject(error, {"class": "open_class"})
        return show_rules(form, 422)
    except Conflict as error:
        form.pattern.errors = [localized(error.message)]
        return show_rules(form, 422)
    notify(_("Rule added. It holds for what is recorded from now on."))
    return go(url_for(".index"))


@bp.post("/rules/<id>/delete")
@requires("opens.edit")
def delete(id: str) -> ResponseReturnValue:
    with write():
        service.delete(current_actor(), to_uuid(id))
    notify(_("Rule deleted. It holds no more for what is recorded from now on."), "warning")
    return go(url_for(".index"))


def show_rules(form: RuleForm, status: int = 200) -> ResponseReturnValue:
    settings = service.settings_of(account_id())
    return page(
        "open_rules/index.html",
        fragment="open_rules/_form.html" if status == 422 else None,
        form=form,
        try_form=TryForm(formdata=None),
        trial=None,
        rules=service.rules(account_id()),
        maximum=service.MAX_RULES,
        groups=shown.groups(),
        version=f"{built_in.BUILT_IN}.{settings.rules_version if settings is not None else 0}",
        words=words,
        kinds=KIND_WORDS,
        status=status,
    )


@bp.post("/rules/try")
@requires("opens.view")
def attempt() -> ResponseReturnValue:
    form = TryForm()
    is_good = form.validate_on_submit()
    trial = None
    if is_good:
        connection = db.session.connection()
        trial = shown.attempt(connection, account_id(), form.agent.data or "", form.address.data or "")
    return page(
        "open_rules/try.html",
        fragment="open_rules/_try.html",
        try_form=form,
        trial=trial,
        words=words,
        status=200 if is_good else 422,
    )


@bp.post("/rules/reclassify")
@requires("opens.edit")
def reclassify() -> ResponseReturnValue:
    try:
        with write():
            job_id = service.start_reclassify(current_actor())
    except Conflict as error:
        notify(localized(error.message), "danger")
        return go(url_for(".index"))
    notify(_("Opens are judged anew. The figures stay right meanwhile."), "info")
    return go(url_for("jobs.show", id=job_id))


@bp.get("/settings")
@requires("opens.edit")
def settings() -> ResponseReturnValue:
    found = service.settings_of(account_id())
    stored: dict[str, Any] = {}
    if found is not None:
        stored = {"addresses": found.addresses, "fold_s": found.fold_s, "version": str(found.version)}
    return show_settings(SettingsForm(data=stored))


@bp.post("/settings")
@requires("opens.edit")
def save_settings() -> ResponseReturnValue:
    form = SettingsForm()
    if not form.validate_on_submit():
        return show_settings(form, 422)
    try:
        with write():
            service.change_settings(
                current_actor(),
                addresses=form.addresses.data,
                fold_s=form.fold_s.data,
                version=typed_version(form.version.data),
            )
    except Invalid as error:
        form.reject(error)
        return show_settings(form, 422)
    except Conflict:
        form.form_errors.append(_("Somebody else changed the settings meanwhile. Save again to overwrite that."))
        found = service.settings_of(account_id())
        form.version.data = "" if found is None else str(found.version)
        return show_settings(form, 422)
    notify(_("Settings saved."))
    return go(url_for(".settings"))


@bp.post("/settings/keys")
@requires("opens.edit")
def make_keys() -> ResponseReturnValue:
    with write():
        service.make_keys(current_actor())
    notify(_("Keys made."))
    return go(url_for(".settings"))


@bp.post("/settings/rotate")
@requires("opens.edit", confirmed=True)
def rotate() -> ResponseReturnValue:
    found = service.settings_of(account_id())
    if found is None or not typed_name(g.viewer.account):
        return page(
            "open_rules/settings.html",
            fragment="open_rules/_rotate.html",
            status=422,
            **_settings_context(SettingsForm(formdata=None), wrong_name=True),
        )
    try:
        with write():
            seen = typed_version(request.args.get("version"))  # sent twice, it would end the links that are out
            service.rotate_key(current_actor(), found.version if seen is None else seen)
    except Conflict:
        notify(_("Somebody else changed the settings meanwhile. Look again."), "danger")
    else:
        notify(_("There is a new signing key. Copy the links of your images anew."), "warning")
    return go(url_for(".settings"))


def show_settings(form: SettingsForm, status: int = 200) -> ResponseReturnValue:
    fragment = "open_rules/_settings_form.html" if status == 422 else None
    return page("open_rules/settings.html", fragment=fragment, status=status, **_settings_context(form))


def _settings_context(form: SettingsForm, *, wrong_name: bool = False) -> dict[str, Any]:
    return {
        "form": form,
        "stored": service.settings_of(account_id()),
        "is_key_lost": service.is_key_lost(account_id()),
        "account": g.viewer.account,
        "wrong_name": wrong_name,
    }
