"""The settings of the account: /account."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.account import service
from app.accounts.account.forms import AccountForm
from app.accounts.account.keeping import AUDIT_DAYS, SHORTEST_DAYS
from app.accounts.models import Account
from app.accounts.profile import zones
from app.accounts.roles import Role
from app.accounts.team.words import ROLES
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid
from app.core.htmx import go, notify, page, typed_version
from app.core.i18n import locale
from app.core.runtime import runtime

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
@requires("account.edit")
def show() -> ResponseReturnValue:
    needing = ", ".join(str(ROLES[role]) for role in Role if role in own().second_factor_roles)
    return page("account/show.html", account=own(), longest_days=longest(), audit_days=audit_days(), needing=needing)


@bp.get("/edit")
@requires("account.edit", confirmed=True)
def edit() -> ResponseReturnValue:
    return show_edit(AccountForm(formdata=None).show(own()))


@bp.post("/edit")
@requires("account.edit", confirmed=True)
def update() -> ResponseReturnValue:
    form = AccountForm()
    if not form.validate_on_submit():
        return show_edit(form, 422)
    version = typed_version(form.version.data)
    try:
        with write() as session:
            service.update(session, current_actor(), form.values(), longest(), -1 if version is None else version)
    except Invalid as error:
        form.reject(error)
        return show_edit(form, 422)
    except Conflict:
        said = _("Somebody else changed the settings meanwhile. Save again to overwrite their change.")
        form.form_errors.append(said)
        form.version.data = own().version
        return show_edit(form, 422)
    notify(_("Settings saved."))
    return go(url_for(".show"))


def show_edit(form: AccountForm, status: int = 200) -> Response:
    return page(
        "account/edit.html",
        fragment="account/_form.html",
        status=status,
        form=form,
        longest_days=longest(),
        shortest_days=SHORTEST_DAYS,
        audit_days=AUDIT_DAYS,
        zones=zones.choices(locale()),
    )


def own() -> Account:
    return service.get(db.session(), account_id())


def longest() -> int:
    return runtime().settings.retention_days


def audit_days() -> int:
    """How long the audit log of this account is kept."""
    days = own().retention_days
    return min(longest(), max(AUDIT_DAYS, days)) if days is not None else longest()
