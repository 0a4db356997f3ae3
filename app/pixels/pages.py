"""The pages of pixels: /pixels."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.charts import Unit
from app.charts.words import full
from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate
from app.core.runtime import runtime
from app.deliveries.forms import PauseForm
from app.destinations import registry
from app.pixels import graph_versions, health, importing, service
from app.pixels.forms import ImportForm, PixelForm, change_form, new_form
from app.pixels.models import Pixel
from app.pixels.panels import panels_of
from app.pixels.state import STATE_WORDS

bp = Blueprint("pixels", __name__, url_prefix="/pixels")
FORM_SLACK = 16_384  # what a multipart body carries beside the file


@bp.url_value_preprocessor
def allow_uploads(endpoint: str | None, _values: object) -> None:
    """Before anything reads the form; every other body keeps the app's limit."""
    if endpoint == "pixels.import_create":
        request.max_content_length = importing.MAX_BYTES + FORM_SLACK


@bp.get("")
@requires("pixels.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    platform = registry.canonical(request.args.get("platform", ""))
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "-createdAt"
    text = request.args.get("q", "")
    query = service.search(account_id(), platform=platform, text=text, sort=sort)
    found = paginate(db.session(), query, page=asked.page, limit=asked.limit)
    figures = service.figures(account_id())
    default, today = runtime().settings.meta_graph_version, clock.now().date()
    return page(
        "pixels/index.html",
        fragment="pixels/_rows.html",
        found=found,
        words=STATE_WORDS,
        healths=health.of_pixels(db.session.connection(), account_id(), found.rows, clock.now()),
        graphs={pixel.id: graph_versions.of_pixel(pixel, default, today) for pixel in found.rows},
        installation=graph_versions.use_of(default, today, is_default=True) if figures["facebook"].total else None,
        seconds=seconds,
        filtered=bool(platform or text.strip()),
        figures=figures,
        platform_tabs=platform_tabs(platform, figures),
        labels=registry.labels(),
        platform=platform,
        sort=sort,
    )


def platform_tabs(current: str | None, figures: dict[str, service.Figures]) -> list[dict[str, Any]]:
    total = sum(own.total for own in figures.values())
    every = {"label": _("All"), "href": url_for(".index"), "active": current is None, "count": total}
    return [
        every,
        *(
            {"label": label, "href": url_for(".index", platform=key), "active": key == current, "count": own.total}
            for (key, label), own in zip(registry.labels().items(), figures.values(), strict=False)
        ),
    ]


@bp.get("/new")
@requires("pixels.edit")
def new() -> ResponseReturnValue:
    return show_new(new_form(request.args.get("platform")))


@bp.post("")
@requires("pixels.edit")
def create() -> ResponseReturnValue:
    form = new_form(request.form.get("platform"))
    if form.change_rows(request.form):
        return show_new(form)
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write():
            pixel = service.create(current_actor(), form.values())
    except Invalid as error:
        form.refuse(error)
        return show_new(form, 422)
    except Conflict as error:
        form.pixel_id.errors = [localized(error.message)]
        return show_new(form, 422)
    notify(_("Pixel created."))
    return go(url_for(".show", id=pixel.id))


def show_new(form: PixelForm, status: int = 200) -> ResponseReturnValue:
    return page("pixels/new.html", fragment="pixels/_new_form.html", form=form, status=status, **known_versions())


def known_versions() -> dict[str, Any]:
    """For the help of the form: the versions that Meta's changelog names, and the one of this installation."""
    default, today = runtime().settings.meta_graph_version, clock.now().date()
    return {
        "versions": graph_versions.offered(today),
        "installation": graph_versions.use_of(default, today, is_default=True),
    }


@bp.get("/<id>")
@requires("pixels.view")
def show(id: str) -> ResponseReturnValue:
    return show_pixel(wanted(id), PauseForm())


def show_pixel(pixel: Pixel, pause_form: PauseForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "pixels/show.html",
        fragment="pixels/_pause.html" if status == 422 else None,
        pixel=pixel,
        label=registry.labels()[pixel.platform],
        words=STATE_WORDS,
        health=health.of_pixel(db.session.connection(), pixel, clock.now()),
        is_token_lost=service.token_of(pixel) is None,
        graph=graph_versions.of_pixel(pixel, runtime().settings.meta_graph_version, clock.now().date()),
        panels=panels_of(pixel),
        pause_form=pause_form,
        seconds=seconds,
        status=status,
    )


@bp.get("/<id>/edit")
@requires("pixels.edit")
def edit(id: str) -> ResponseReturnValue:
    pixel = wanted(id)
    return show_edit(pixel, change_form(pixel))


@bp.post("/<id>/edit")
@requires("pixels.edit")
def update(id: str) -> ResponseReturnValue:
    pixel = wanted(id)
    form = change_form(pixel)
    if form.change_rows(request.form):
        return show_edit(pixel, form)
    if not form.validate_on_submit():
        return show_edit(pixel, form, 422)
    try:
        with write():
            service.update(current_actor(), pixel.id, form.values(), version=typed_version(form.version.data))
    except Invalid as error:
        form.refuse(error)
        return show_edit(pixel, form, 422)
    except Conflict:
        form.form_errors.append(_("Somebody else changed this pixel meanwhile. Save again to overwrite their change."))
        form.version.data = str(wanted(id).version)
        return show_edit(pixel, form, 422)
    notify(_("Pixel saved."))
    return go(url_for(".show", id=pixel.id))


def show_edit(pixel: Pixel, form: PixelForm, status: int = 200) -> ResponseReturnValue:
    label = registry.labels()[pixel.platform]
    return page(
        "pixels/edit.html",
        fragment="pixels/_edit_form.html",
        pixel=pixel,
        label=label,
        form=form,
        status=status,
        **known_versions(),
    )


@bp.get("/<id>/delete")
@requires("pixels.edit")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("pixels.edit")
def delete(id: str) -> ResponseReturnValue:
    pixel = wanted(id)
    if not typed_name(pixel.pixel_id):
        return show_delete(pixel, wrong_name=True)
    with write():
        service.delete(current_actor(), pixel.id)
    notify(_("Pixel deleted. Its events stay in the list of events."), "warning")
    return go(url_for(".index"))


def show_delete(pixel: Pixel, wrong_name: bool = False) -> ResponseReturnValue:
    return page(
        "pixels/delete.html",
        fragment="pixels/_danger.html",
        pixel=pixel,
        label=registry.labels()[pixel.platform],
        due=service.due_count(pixel),
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


@bp.get("/import")
@requires("pixels.edit")
def import_new() -> ResponseReturnValue:
    return show_import(ImportForm())


@bp.post("/import")
@requires("pixels.edit")
def import_create() -> ResponseReturnValue:
    form = ImportForm()
    if not form.validate_on_submit():
        return show_import(form, 422)
    results: list[importing.Result] = []
    try:
        rows = importing.read(form.file.data.read(importing.MAX_BYTES + 1))
    except Invalid as error:
        form.file.errors = [localized(text) for texts in error.fields.values() for text in texts]
        return show_import(form, 422)
    actor = current_actor()
    for part in importing.parts(rows):
        with write():
            results += importing.store(actor, part, replace_tokens=form.replace_tokens.data)
    counts = {verdict.value: sum(one.verdict == verdict for one in results) for verdict in importing.Verdict}
    return page(
        "pixels/imported.html",
        fragment="pixels/_imported.html",
        results=results,
        counts=counts,
        localized=localized,
    )


def show_import(form: ImportForm, status: int = 200) -> ResponseReturnValue:
    return page("pixels/import.html", fragment="pixels/_import_form.html", form=form, status=status)


def seconds(value: float | None) -> str:
    return full(value, Unit.SECONDS)


def wanted(id: str) -> Pixel:
    return service.get(account_id(), to_uuid(id))
