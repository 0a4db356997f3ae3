"""The page behind the link of an invitation: /invitation/<token>."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import identity, sign_in
from app.accounts.pages import private
from app.accounts.sign_in import Opened, Pending, Verified
from app.accounts.team.accepting import service
from app.accounts.team.accepting.forms import AcceptForm
from app.accounts.team.accepting.service import Invited
from app.accounts.team.words import ROLE_HELP, ROLES
from app.core.access import public
from app.core.db import db, write
from app.core.errors import Invalid, NotFound
from app.core.htmx import notify, page
from app.core.i18n import locale

bp = Blueprint("invitation", __name__, url_prefix="/invitation")


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Changes nothing: scanners of mail follow links, too."""
    invited = service.find(db.session(), token)
    return show_over() if invited is None else show_form(AcceptForm(formdata=None), token, invited)


@bp.post("/<token>")
@public
def accept(token: str) -> ResponseReturnValue:
    """The link came by mail and the password is theirs: the person is signed straight in."""
    invited = service.find(db.session(), token)
    if invited is None:
        return show_over()
    form = AcceptForm()
    if not form.validate_on_submit():
        return show_form(form, token, invited, 422)
    try:
        entered = identity.let_in(join(token, form), "/")
    except Invalid as error:
        form.reject(error)
        return show_form(form, token, invited, 422)
    except NotFound:
        return show_over()
    notify(_("You are in the team of %(company)s.", company=invited.company))
    return private(entered)


def join(token: str, form: AcceptForm) -> Opened | Pending:
    """Raises Invalid, and NotFound when somebody was quicker."""
    caller, replaces = identity.caller(), identity.current_session_id()
    hashed = service.password_hash(db.session(), token, form.name.data, form.password.data)
    with write() as session:
        user = service.accept(
            session,
            token,
            name=form.name.data,
            password_hash=hashed,
            locale=locale(),
            address=caller.address,
            request_id=caller.request_id,
        )
        return sign_in.proceed(session, Verified(user.id, hashed), caller, replaces=replaces)


def show_form(form: AcceptForm, token: str, invited: Invited, status: int = 200) -> Response:
    context = {"form": form, "token": token, "invited": invited, "role": ROLES[invited.role]}
    context["role_help"] = ROLE_HELP[invited.role]
    return private(page("team/accept.html", fragment="team/_accept_form.html", status=status, **context))


def show_over() -> Response:
    return private(page("team/over.html", status=404))
