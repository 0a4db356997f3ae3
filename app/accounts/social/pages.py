"""/login/google, /login/facebook: the way there, the way back, and the company of who comes for the first time."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import identity, sign_in
from app.accounts.joining import limits
from app.accounts.sign_in import Verified, WrongCredentials
from app.accounts.social import arriving, flow, letters, service, visit
from app.accounts.social.arriving import Refused
from app.accounts.social.flow import Flow, Purpose
from app.accounts.social.forms import CompanyForm
from app.accounts.social.providers import Identity, NotProven, Provider, configured
from app.core import clock
from app.core.access import current_actor, public, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.htmx import go, notify, page, safe_next
from app.core.i18n import locale
from app.core.ratelimit import Limit, limiter
from app.core.runtime import runtime

VISITS = Limit("provider-visits", 60, 300)  # of one caller address
ONE_USE = Limit("provider-state", 1000, 2 * int(flow.LIFETIME.total_seconds()))
PATH = "/login/<provider>"
BACK = {Purpose.SIGN_IN: "/login", Purpose.LINK: "/profile/providers", Purpose.CONFIRM: "/confirm"}

bp = Blueprint("social", __name__)


@bp.get(PATH)
@public
def start(provider: str) -> ResponseReturnValue:
    target = safe_next(request.args.get("next"))
    return go(target) if current_user.is_authenticated else leave_for(provider, Purpose.SIGN_IN, target)


@bp.get(f"{PATH}/confirm")
@requires("profile.edit")
def confirm(provider: str) -> ResponseReturnValue:
    """Who has no password says by the provider that it is still them."""
    return leave_for(provider, Purpose.CONFIRM, safe_next(request.args.get("next")))


@bp.post("/profile/providers/<provider>/link")
@requires("profile.edit", confirmed=True)
def link(provider: str) -> ResponseReturnValue:
    return leave_for(provider, Purpose.LINK, BACK[Purpose.LINK])


@bp.get(f"{PATH}/callback")
@public
def callback(provider: str) -> ResponseReturnValue:
    """Where the provider sends the browser back to. Whatever is wrong is said on the page that the visit began on; the
    address with the code in it is left at once."""
    check(provider)
    ended = flow.take(session, provider, request.args.get("state"), clock.now())
    if ended is None or limiter().hit(ONE_USE, ended.state, cost=ONE_USE.amount) is not None:
        notify(_("That took too long, or it was begun in another browser. Try again."), "danger")
        return go("/" if current_user.is_authenticated else BACK[Purpose.SIGN_IN])
    try:
        return arrive(ended)
    except NotProven as error:
        visit.log_failure(provider, error)
        return come_back(ended, _(error.words, provider=Provider(provider).label))
    except (Refused, Conflict) as error:
        return come_back(ended, _(str(error.message), provider=Provider(provider).label))


def arrive(ended: Flow) -> Response:
    """Raises NotProven, Refused and Conflict."""
    if "code" not in request.args:  # they said no there, or it failed
        raise Refused(arriving.NOT_FINISHED)
    own = identity.current_session_id()
    if ended.purpose != Purpose.SIGN_IN and str(own) != ended.session_id:
        raise Refused(arriving.ANOTHER_SESSION)
    db.session().rollback()  # the provider may take its time
    whom = visit.identify(runtime().settings, ended, request.args["code"])
    if ended.purpose == Purpose.LINK:
        news = letters.linked(current_user, whom.provider)
        with write() as store:
            service.link(store, current_actor(), whom, news)
        notify(_("Linked with %(provider)s.", provider=whom.provider.label))
        return go(ended.target)
    if ended.purpose == Purpose.CONFIRM:
        with write() as store:
            arriving.confirm(store, current_actor(), own, whom)
        return go(ended.target)
    return enter(whom, ended.target)


def enter(whom: Identity, target: str) -> Response:
    """A session (or the wait for a code) of who is linked; the question for the company where newcomers may come.
    Raises Refused."""
    caller = identity.caller()
    found = arriving.find(db.session(), whom, is_open=runtime().settings.registration == "open")
    if found is None:
        session[arriving.NEWCOMER] = arriving.to_cookie(whom, clock.now())
        return go("/login/company")
    try:
        with write() as store:
            arriving.record(store, caller, whom, found.id)
            verified = Verified(found.id, found.password_hash)
            outcome = sign_in.proceed(store, verified, caller, replaces=identity.current_session_id())
    except WrongCredentials:
        raise Refused(arriving.UNKNOWN) from None
    return identity.let_in(outcome, target)


@bp.get("/login/company")
@public
def ask_company() -> ResponseReturnValue:
    whom = newcomer()
    return too_late() if whom is None else show_company(CompanyForm(formdata=None, name=whom.name), whom)


@bp.post("/login/company")
@public
def open_account() -> ResponseReturnValue:
    """Too many new companies from one address: 429 with Retry-After."""
    whom = newcomer()
    if whom is None or whom.email is None:
        return too_late()
    form = CompanyForm()
    if not form.validate_on_submit():
        return show_company(form, whom, 422)
    limiter().reserve(limits.registering(whom.email, request.remote_addr))
    caller, settings = identity.caller(), runtime().settings
    names = {"account_name": form.account_name.data, "name": form.name.data}
    try:
        with write() as store:
            user = service.open_account(store, caller, whom, timezone=settings.timezone, locale=locale(), **names)
            arriving.record(store, caller, whom, user.id)
            outcome = sign_in.proceed(store, Verified(user.id, None), caller)
    except (Invalid, Conflict):  # the address, or the identity, found its way here meanwhile
        session.pop(arriving.NEWCOMER, None)
        return too_late()
    return identity.let_in(outcome, "/")


def leave_for(provider: str, purpose: Purpose, target: str) -> Response:
    """Off to the provider, with a visit noted in this browser. Raises TooMany."""
    check(provider)
    limiter().reserve(((VISITS, request.remote_addr or ""),))
    begun = flow.begin(provider, purpose, target, identity.current_session_id(), clock.now())
    db.session().rollback()
    try:
        address = visit.address(runtime().settings, begun)
    except NotProven as error:
        visit.log_failure(provider, error)
        return come_back(begun, _(error.words, provider=Provider(provider).label))
    flow.keep(session, begun)
    return redirect(address, 303)  # type: ignore[return-value]


def check(provider: str) -> None:
    """A provider that nobody set up is not there. Raises NotFound."""
    if provider not in configured(runtime().settings):
        raise NotFound


def come_back(ended: Flow, message: str) -> Response:
    notify(message, "danger")
    return go(visit.with_next(BACK[Purpose(ended.purpose)], ended))


def newcomer() -> Identity | None:
    kept: Any = session.get(arriving.NEWCOMER)
    return arriving.from_cookie(kept, clock.now()) if runtime().settings.registration == "open" else None


def too_late() -> Response:
    notify(_("That took too long, or something changed meanwhile. Sign in again."), "danger")
    return go("/login")


def show_company(form: CompanyForm, whom: Identity, status: int = 200) -> Response:
    return page("social/company.html", fragment="social/_company_form.html", form=form, whom=whom, status=status)
