"""The team: /team."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from app.accounts.team import changing, invitations, listing, service
from app.accounts.team.forms import InvitationForm, RoleForm
from app.accounts.team.listing import Member, State
from app.accounts.team.words import ROLE_HELP, ROLES, STATES
from app.core import clock
from app.core.access import Actor, account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.core.i18n import number
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate

bp = Blueprint("team", __name__, url_prefix="/team")
MAX_SEARCH = 200
SORTS = ("name", "email", "role", "lastSeenAt")
YES_NO = {"yes": True, "no": False}
Verb = Callable[[Session, Actor, UUID | None], object]


@bp.get("")
@requires("users.view")
def index() -> ResponseReturnValue:
    asked, given = clamped(request.args), request.args
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in SORTS else "name"
    text = given.get("q", "")[:MAX_SEARCH].strip()
    role = given.get("role") if given.get("role") in ROLES else None
    state = given.get("state") if given.get("state") in tuple(State) else None
    factor = YES_NO.get(given.get("second_factor", ""))
    found = listing.everybody(account_id(), text, role, state, factor, sort)
    return page(
        "team/index.html",
        fragment="team/_rows.html",
        found=paginate(db.session(), found, page=asked.page, limit=asked.limit),
        is_filtered=bool(text or role or state or factor is not None),
        sort=sort,
        roles=ROLES,
        states=STATES,
        own_id=current_actor().user_id,
        now=clock.now(),
    )


@bp.get("/invite")
@requires("users.edit", confirmed=True)
def new() -> ResponseReturnValue:
    return show_new(InvitationForm(formdata=None))


@bp.post("/invite")
@requires("users.edit", confirmed=True)
def create() -> ResponseReturnValue:
    """Too many in a day: 429, by the translator of errors."""
    form = InvitationForm()
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        invitation = changing.invite(form.email.data, form.role.data)
    except Invalid as error:
        form.reject(error)
        return show_new(form, 422)
    notify(_("The invitation goes to %(email)s.", email=invitation.email))
    return go(url_for(".index"))


def show_new(form: InvitationForm, status: int = 200) -> Response:
    return page("team/new.html", fragment="team/_new_form.html", form=form, status=status)


@bp.get("/invitations/<id>")
@requires("users.view")
def show_invitation(id: str) -> ResponseReturnValue:
    found, inviter = listing.invitation(db.session(), account_id(), to_uuid(id))
    return page("team/invitation.html", invitation=found, inviter=inviter, roles=ROLES, now=clock.now())


@bp.post("/invitations/<id>/resend")
@requires("users.edit", confirmed=True)
def resend(id: str) -> ResponseReturnValue:
    try:
        sent = changing.resend(to_uuid(id))
    except Invalid as error:  # they are in the team by now
        notify(localized(error.message), "warning")
        return go(url_for(".index"))
    notify(_("The invitation goes to %(email)s again, with a new link.", email=sent.email))
    return go(url_for(".show_invitation", id=id))


@bp.post("/invitations/<id>/withdraw")
@requires("users.edit", confirmed=True)
def withdraw(id: str) -> ResponseReturnValue:
    with write() as session:
        invitations.withdraw(session, current_actor(), to_uuid(id))
    notify(_("Invitation withdrawn: its link is dead."), "warning")
    return go(url_for(".index"))


@bp.get("/<id>")
@requires("users.view")
def show(id: str) -> ResponseReturnValue:
    return page("team/show.html", **about(wanted(id)))


@bp.get("/<id>/role")
@requires("users.edit", confirmed=True)
def edit(id: str) -> ResponseReturnValue:
    member = wanted(id)
    return show_edit(member, RoleForm(formdata=None, role=member.user.role, version=member.user.version))


@bp.post("/<id>/role")
@requires("users.edit", confirmed=True)
def update(id: str) -> ResponseReturnValue:
    form = RoleForm()
    if not form.validate_on_submit():
        return show_edit(wanted(id), form, 422)
    version = typed_version(form.version.data)
    try:
        with write() as session:
            service.change_role(
                session, current_actor(), to_uuid(id), form.role.data, -1 if version is None else version
            )
    except Conflict as error:
        return show_conflict(wanted(id), form, error)
    notify(_("Role changed. It counts from their next sign-in."))
    return go(url_for(".show", id=id))


def show_edit(member: Member, form: RoleForm, status: int = 200) -> Response:
    return page("team/role.html", fragment="team/_role_form.html", form=form, status=status, **about(member))


def show_conflict(member: Member, form: RoleForm, error: Conflict) -> Response:
    is_stale = error.current is not None
    said = _("Somebody else changed this person meanwhile. Save again to overwrite their change.")
    form.form_errors.append(said if is_stale else localized(error.message))
    form.version.data = member.user.version
    return show_edit(member, form, 422)


@bp.post("/<id>/disable")
@requires("users.edit", confirmed=True)
def disable(id: str) -> ResponseReturnValue:
    return changed(id, service.disable, _("Disabled, and signed out everywhere."), "warning")


@bp.post("/<id>/enable")
@requires("users.edit", confirmed=True)
def enable(id: str) -> ResponseReturnValue:
    return changed(id, service.enable, _("Enabled: they may sign in again."))


def changed(id: str, verb: Verb, said: str, tone: str = "success") -> Response:
    with write() as session:
        verb(session, current_actor(), to_uuid(id))
    notify(said, tone)
    return go(url_for(".show", id=id))


@bp.post("/<id>/end-sessions")
@requires("users.edit", confirmed=True)
def end_sessions(id: str) -> ResponseReturnValue:
    with write() as session:
        ended = service.end_sessions(session, current_actor(), to_uuid(id))
    notify(ngettext("%(count)s session ended.", "%(count)s sessions ended.", ended, count=number(ended)))
    return go(url_for(".show", id=id))


@bp.post("/<id>/reset-second-factor")
@requires("users.edit", confirmed=True)
def reset_second_factor(id: str) -> ResponseReturnValue:
    changing.reset_second_factor(to_uuid(id))
    notify(_("Second factor taken away. They were signed out everywhere, and told by mail."), "warning")
    return go(url_for(".show", id=id))


@bp.get("/<id>/remove")
@requires("users.edit", confirmed=True)
def confirm_remove(id: str) -> ResponseReturnValue:
    return show_remove(wanted(id))


@bp.post("/<id>/remove")
@requires("users.edit", confirmed=True)
def remove(id: str) -> ResponseReturnValue:
    member = wanted(id)
    email = member.user.email
    if not typed_name(email):
        return show_remove(member, wrong_name=True, status=422)
    with write() as session:
        service.remove(session, current_actor(), to_uuid(id))
    notify(_("%(email)s was removed.", email=email), "warning")
    return go(url_for(".index"))


def show_remove(member: Member, wrong_name: bool = False, status: int = 200) -> Response:
    context = {**about(member), "wrong_name": wrong_name}
    return page("team/remove.html", fragment="team/_remove.html", status=status, **context)


def about(member: Member) -> dict[str, Any]:
    """What every page of one person shows."""
    return {
        "person": member.user,
        "member": member,
        "is_oneself": member.user.id == current_actor().user_id,
        "roles": ROLES,
        "role_help": ROLE_HELP,
        "states": STATES,
    }


def wanted(text: str) -> Member:
    """The person of this URL, in the account of who asks. Raises NotFound."""
    return listing.member(db.session(), account_id(), to_uuid(text))
