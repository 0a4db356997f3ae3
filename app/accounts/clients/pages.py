"""The pages of API clients: /clients."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.clients import service
from app.accounts.clients.forms import SCOPES, ClientForm, RotateForm
from app.accounts.clients.pixel_choices import PixelChoice, pixels_of
from app.accounts.clients.samples import samples
from app.accounts.models import ApiClient
from app.core import clock
from app.core.access import current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version, unchanged
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate
from app.core.runtime import runtime

bp = Blueprint("clients", __name__, url_prefix="/clients")
MAX_SEARCH = 200
TOKEN_PATH = "/api/oauth/token"  # noqa: S105 - an address


@bp.get("")
@requires("clients.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "-createdAt"
    text, state = request.args.get("q", "")[:MAX_SEARCH].strip(), request.args.get("state")
    found = service.search(current_actor().account_id, text, state, sort)
    return page(
        "clients/index.html",
        fragment="clients/_rows.html",
        found=paginate(db.session(), found, page=asked.page, limit=asked.limit),
        is_filtered=bool(text or state),
        sort=sort,
    )


@bp.get("/new")
@requires("clients.edit", confirmed=True)
def new() -> ResponseReturnValue:
    return show_new(ClientForm(formdata=None).offer(pixels()))


@bp.post("")
@requires("clients.edit", confirmed=True)
def create() -> ResponseReturnValue:
    form = ClientForm().offer(pixels())
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write() as session:
            client, token = service.create(session, current_actor(), service.ClientValues(**form.values(zone())))
    except Invalid as error:
        form.reject(error)
        return show_new(form, 422)
    return show_token(client, token, "created", 201)


def show_new(form: ClientForm, status: int = 200) -> Response:
    return page("clients/new.html", fragment="clients/_new_form.html", form=form, status=status)


def show_token(client: ApiClient, token: str, template: str, status: int = 200) -> Response:
    """The only page that ever shows the token: the answer of the POST itself, so that it is in no URL, cookie or
    cache."""
    pixel = first_pixel(client)
    response = page(
        f"clients/{template}.html",
        fragment=f"clients/_{template}.html",
        client=client,
        token=token,
        pixel=pixel,
        new_pixel_url=url_for("pixels.new") if "pixels.new" in current_app.view_functions else None,
        samples=samples(runtime().settings.public_url, token, pixel),
        status=status,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/<id>")
@requires("clients.view")
def show(id: str) -> ResponseReturnValue:
    client, offered = wanted(id), pixels()
    limits = client.pixel_limits or {}
    return page(
        "clients/show.html",
        client=client,
        allowed=[choice for choice in offered if client.pixel_ids is not None and choice.id in client.pixel_ids],
        limited=[(choice.label, limits[choice.id]) for choice in offered if choice.id in limits],
        scope_words=[scope.label for scope in SCOPES if scope.value in client.scopes],
        token_url=f"{runtime().settings.public_url}{TOKEN_PATH}",
        now=clock.now(),
    )


@bp.get("/<id>/first-event")
@requires("clients.view")
def first_event(id: str) -> ResponseReturnValue:
    """The fragment that says when the first event came; 204 while there is none, so that nothing moves."""
    client = wanted(id)
    if client.first_event_at is None:
        return unchanged()
    return page("clients/_first_event.html", client=client)


@bp.get("/<id>/edit")
@requires("clients.edit", confirmed=True)
def edit(id: str) -> ResponseReturnValue:
    client = wanted(id)
    return show_edit(client, ClientForm(formdata=None).offer(pixels()).show(client, zone()))


@bp.post("/<id>/edit")
@requires("clients.edit", confirmed=True)
def update(id: str) -> ResponseReturnValue:
    client = wanted(id)
    form = ClientForm().offer(pixels())
    if not form.validate_on_submit():
        return show_edit(client, form, 422)
    try:
        with write() as session:
            given, version = form.values(zone(), client), shown_version(form.version.data)
            service.update(session, current_actor(), client.id, given, version)
    except Invalid as error:
        form.reject(error)
        return show_edit(client, form, 422)
    except Conflict as error:
        return show_conflict(wanted(id), form, error)
    notify(_("API client saved."))
    return go(url_for(".show", id=id))


def show_edit(client: ApiClient, form: ClientForm, status: int = 200) -> Response:
    return page("clients/edit.html", fragment="clients/_edit_form.html", client=client, form=form, status=status)


def show_conflict(client: ApiClient, form: ClientForm, error: Conflict) -> Response:
    if client.revoked_at is None:
        form.form_errors.append(_("Somebody else changed this client meanwhile. Save again to overwrite their change."))
        form.version.data = client.version
    else:
        form.form_errors.append(localized(error.message))
    return show_edit(client, form, 422)


@bp.get("/<id>/rotate")
@requires("clients.edit", confirmed=True)
def confirm_rotate(id: str) -> ResponseReturnValue:
    client = wanted(id)
    return show_rotate(client, RotateForm(formdata=None, version=client.version))


@bp.post("/<id>/rotate")
@requires("clients.edit", confirmed=True)
def rotate(id: str) -> ResponseReturnValue:
    client = wanted(id)
    form = RotateForm()
    if not form.validate_on_submit():
        return show_rotate(client, form, 422)
    try:
        with write() as session:
            overlap_h, version = form.overlap_hours.data, shown_version(form.version.data)
            client, token = service.rotate(session, current_actor(), client.id, overlap_h, version)
    except Conflict as error:
        client = wanted(id)
        form.form_errors.append(localized(error.message))
        form.version.data = client.version
        return show_rotate(client, form, 422)
    return show_token(client, token, "rotated")


def show_rotate(client: ApiClient, form: RotateForm, status: int = 200) -> Response:
    return page("clients/rotate.html", fragment="clients/_rotate_form.html", client=client, form=form, status=status)


@bp.get("/<id>/revoke")
@requires("clients.edit")
def confirm_revoke(id: str) -> ResponseReturnValue:
    return show_revoke(wanted(id))


@bp.post("/<id>/revoke")
@requires("clients.edit")
def revoke(id: str) -> ResponseReturnValue:
    client = wanted(id)
    if not typed_name(client.name):
        return show_revoke(client, wrong_name=True, status=422)
    with write() as session:
        service.revoke(session, current_actor(), client.id)
    notify(_("API client revoked: its tokens are dead."), "warning")
    return go(url_for(".show", id=id))


def show_revoke(client: ApiClient, wrong_name: bool = False, status: int = 200) -> Response:
    context = {"client": client, "wrong_name": wrong_name}
    return page("clients/revoke.html", fragment="clients/_revoke.html", status=status, **context)


def wanted(text: str) -> ApiClient:
    """The client of this URL, in the account of who asks. Raises NotFound."""
    return service.get(db.session(), current_actor().account_id, to_uuid(text))


def zone() -> ZoneInfo:
    """Of the reader, on whose clock days end."""
    return ZoneInfo(g.timezone)


def pixels() -> list[PixelChoice]:
    return pixels_of(db.session(), current_actor().account_id)


def first_pixel(client: ApiClient) -> PixelChoice | None:
    """The pixel that the examples are filled in with: the first that this client may use."""
    usable = (choice for choice in pixels() if client.pixel_ids is None or choice.id in client.pixel_ids)
    return next(usable, None)


def shown_version(text: str | None) -> int:
    """The version that the form was opened with; -1, which no client has, for anything else."""
    version = typed_version(text)
    return -1 if version is None else version
