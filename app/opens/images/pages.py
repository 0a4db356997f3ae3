"""The pages of images: /images. What changes one stands in edit_pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_time, ngettext
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.bodies import FORM_SLACK
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, is_shown, mark_of, notify, page, unchanged
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate
from app.opens.dashboard.words import CLASSES
from app.opens.images import howto, live, names, service, usage
from app.opens.images.addresses import addresses_of
from app.opens.images.forms import UploadForm
from app.opens.images.models import Image
from app.opens.images.picture import MAX_BYTES, Picture, read_picture
from app.opens.rules.words import client_word, device_word

bp = Blueprint("images", __name__, url_prefix="/images")
UPLOADS = ("images.create", "images.replace")
PAGE = 24  # each row loads its image
MAX_FILES = 20  # of one form
KEPT = timedelta(days=365)  # in the reader's browser: the address of a picture names its version
CHECK_S = 5


@bp.url_value_preprocessor
def allow_uploads(endpoint: str | None, _values: object) -> None:
    """Before anything reads the form; every other body keeps the app's limit."""
    if endpoint in UPLOADS:
        request.max_content_length = MAX_BYTES + FORM_SLACK


@bp.get("")
@requires("opens.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "-createdAt"
    text = request.args.get("q", "")
    found = paginate(db.session(), service.search(account_id(), text=text, sort=sort), page=asked.page, limit=PAGE)
    connection, now = db.session.connection(), clock.now()
    return page(
        "images/index.html",
        fragment="images/_rows.html",
        found=found,
        uses=usage.of_images(connection, account_id(), now, usage.FOUR_WEEKS),
        nothing=usage.Use(),
        warnings=usage.warnings(connection, account_id(), now),
        addresses=addresses_of(db.session(), account_id()),
        since=(now - usage.FOUR_WEEKS).date(),
        week=(now - usage.WEEK).date(),
        filtered=bool(text.strip()),
        sort=sort,
    )


@bp.get("/new")
@requires("images.edit")
def new() -> ResponseReturnValue:
    form = UploadForm()
    wanted = request.args.get("file", "").strip().lower()
    form.wanted.data = wanted if names.is_file(wanted) else ""
    return show_new(form)


@bp.post("")
@requires("images.edit")
def create() -> ResponseReturnValue:
    form = UploadForm()
    if not form.validate_on_submit():
        return show_new(form, 422)
    db.session.rollback()  # drawing takes its time, and must hold no transaction open
    try:
        images = store(form, [(file.filename or "", judged(file)) for file in chosen(form)])
    except Invalid as error:
        form.reject(error, {"wanted": "file"})
        return show_new(form, 422)
    except Conflict as error:  # a name that somebody took in this very moment
        form.form_errors.append(localized(error.message))
        return show_new(form, 422)
    if len(images) == 1:
        notify(_("Image uploaded. Copy its tag into your mail."))
        return go(url_for(".show", id=images[0].id))
    notify(ngettext("%(num)d image uploaded.", "%(num)d images uploaded.", len(images)))
    return go(url_for(".index"))


def chosen(form: UploadForm) -> list[FileStorage]:
    """The files of the form. Raises Invalid for too many, and for several that would have the same name."""
    files = [file for file in form.file.data if isinstance(file, FileStorage) and file]
    if len(files) > MAX_FILES:
        raise Invalid({"file": [_("At most %(most)s files at a time.", most=MAX_FILES)]})
    if len(files) > 1 and form.wanted.data:
        raise Invalid({"file": [_("Choose one file: mails ask for one named %(file)s.", file=form.wanted.data)]})
    return files


def judged(file: FileStorage) -> Picture:
    """Raises Invalid, its message with the name of the file, since there may be several."""
    try:
        return read_picture(file.stream.read(MAX_BYTES + 1))
    except Invalid as error:
        name = service.titled(file.filename or "")[:60]
        message = localized(error.message)
        raise Invalid({"file": [f"{name}: {message}" if name else message]}) from None


def store(form: UploadForm, pictures: list[tuple[str, Picture]]) -> list[Image]:
    """One transaction an image: five megabytes are the most that one should write. What was stored before one is
    refused (the account is full) stays."""
    images = []
    for given, picture in pictures:
        name = form.name.data if len(pictures) == 1 else None
        with write():
            image = service.create(current_actor(), picture, given=given, name=name, wanted=form.wanted.data or None)
        images.append(image)
    return images


def show_new(form: UploadForm, status: int = 200) -> ResponseReturnValue:
    return page("images/new.html", fragment="images/_upload_form.html", form=form, status=status)


@bp.get("/<id>")
@requires("opens.view")
def show(id: str) -> ResponseReturnValue:
    image, now, connection = wanted(id), clock.now(), db.session.connection()
    addresses = addresses_of(db.session(), account_id())
    ref = live.asked_ref(request.args.get("ref", "")) or live.new_ref()
    weeks = usage.of_images(connection, account_id(), now, usage.FOUR_WEEKS)
    week = usage.of_images(connection, account_id(), now, usage.WEEK)
    loads, last_day = usage.loads_ever(connection, image)
    return page(
        "images/show.html",
        image=image,
        use=weeks.get(image.id, usage.Use()),
        week=week.get(image.id, usage.Use()),
        since=(now - usage.FOUR_WEEKS).date(),
        since_week=(now - usage.WEEK).date(),
        loads=loads,
        last_day=last_day,
        mailings=usage.mailings_with(connection, image),
        addresses=addresses,
        preview=addresses.preview(image.file, now),
        tools=howto.tags(addresses, image.file),
        samples=howto.samples(addresses, image.file),
        # No id but a try's own is signed here: whoever looks at the page could make up opens of any invoice
        try_tag=addresses.tried(image.file, ref, signed=image.signed_only and ref.startswith(live.TEST)),
        **arrival(image, ref),
    )


@bp.get("/<id>/check")
@requires("opens.view")
def check(id: str) -> ResponseReturnValue:
    """The live check: has this image been loaded with this id?"""
    image = wanted(id)
    ref = live.asked_ref(request.args.get("ref", "")) or live.TEST
    shown = arrival(image, ref)
    if is_shown(shown["mark"]):
        return unchanged()
    return page("images/_check.html", image=image, **shown)


def arrival(image: Image, ref: str) -> dict[str, Any]:
    now = clock.now()
    found = live.first_load(db.session.connection(), image, ref, now)
    return {
        "arrival": found,
        "at": "" if found is None else format_time(found.at, "HH:mm:ss"),
        "is_waiting": found is None or not found.is_final(now),
        "ref": ref,
        "check_url": url_for(".check", id=image.id, ref=ref),
        "check_s": CHECK_S,
        "mark": mark_of(found, found is not None and found.is_final(now)),
        "classes": CLASSES,
        "client_word": client_word,
        "device_word": device_word,
    }


@bp.get("/<id>/picture")
@requires("opens.view")
def picture(id: str) -> ResponseReturnValue:
    """The image for our own pages: counts nothing, and the browser may keep it."""
    image = wanted(id)
    response = Response(service.content(image), mimetype=image.content_type)
    response.headers["Cache-Control"] = f"private, max-age={int(KEPT.total_seconds())}, immutable"
    return response


def wanted(id: str) -> Image:
    return service.get(account_id(), to_uuid(id))
