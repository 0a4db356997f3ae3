"""The page `/ui`, in development only: every component once, to look at and to test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    FileField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Email, Length, NumberRange

from app.core import clock, figure_cards
from app.core.access import public
from app.core.figure_cards import Change
from app.core.htmx import go, is_htmx, notify, page, typed_name
from app.core.menu import MenuItem, add_to_menu
from app.core.period import asked
from app.core.period_page import period_bar

EXTENSION = "kalitrack.gallery"  # template -> its content: the parts that features add
bp = Blueprint("gallery", __name__, url_prefix="/ui")
ROWS = [(f"Pixel {number:02}", ("Kwai", "Meta", "GA4")[number % 3], number * 1234.5) for number in range(1, 24)]
ROWS_A_PAGE = 8
TAG = '<img src="https://example.com/image/oferta.png?id_fatura={{id}}" alt="">'


class SampleForm(FlaskForm):  # type: ignore[misc]
    name = StringField(_l("Name"), [DataRequired(), Length(max=80)])
    email = StringField(_l("E-mail"), [Email()])
    platform = SelectField(_l("Platform"), choices=[SelectChoice("kwai", "Kwai"), SelectChoice("facebook", "Meta")])
    pace = IntegerField(_l("Messages a minute"), [NumberRange(1, 100)])
    mode = RadioField(_l("When"), choices=[SelectChoice("now", _l("Now")), SelectChoice("later", _l("Later"))])
    note = TextAreaField(_l("Note"))
    file = FileField(_l("File"))
    token = PasswordField(_l("Access token"))
    active = BooleanField(_l("Active"))


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    return page("gallery/index.html", fragment="gallery/_rows.html", **_content(SampleForm()))


@bp.post("/")
@public
def create() -> ResponseReturnValue:
    form = SampleForm()
    if not form.validate_on_submit():
        return page("gallery/index.html", fragment="gallery/_form.html", status=422, **_content(form))
    notify(_("Saved."))
    return go("/ui/")


@bp.post("/delete")
@public
def delete() -> ResponseReturnValue:
    if not typed_name("Pixel 7"):
        content = _content(SampleForm()) | {"wrong_name": True}
        return page("gallery/index.html", fragment="gallery/_danger.html", status=422, **content)
    notify(_("Deleted."), "warning")
    return go("/ui/")


@bp.get("/plain")
@public
def plain() -> ResponseReturnValue:
    return page("gallery/plain.html", form=SampleForm())


@bp.get("/error/<int:status>")
@public
def error(status: int) -> ResponseReturnValue:
    """The error page, or what htmx is shown instead."""
    template = "errors/_alert.html" if is_htmx() else "errors/page.html"
    message = _("Not found") if status == 404 else _("Something went wrong")
    return render_template(template, status=status, message=message, request_id="0198c0de"), status


@bp.get("/clock")
@public
def live() -> ResponseReturnValue:
    return page("gallery/_clock.html", now=clock.now())


def _content(form: SampleForm) -> dict[str, Any]:
    now = clock.now()
    return {
        "form": form,
        "now": now,
        "tag": TAG,
        "bar": period_bar(asked(now, ZoneInfo("UTC"), period=request.args.get("period", ""))),
        "figure_card": figure_cards.card(_("Unique opens"), "12.345", "/ui/", Change(share=0.124), "10.983"),
        "wrong_name": False,
        "parts": {template: content() for template, content in current_app.extensions[EXTENSION].items()},
        "history": [
            {"at": now, "title": _("Delivered"), "text": "HTTP 200", "tone": "success", "icon": "check"},
            {"at": now - timedelta(minutes=4), "title": _("Failed"), "text": "HTTP 503", "tone": "danger", "icon": "x"},
            {"at": now - timedelta(minutes=5), "title": _("Accepted")},
        ],
        **_rows(),
    }


def _rows() -> dict[str, Any]:
    wanted, sort = request.args.get("q", "").lower(), request.args.get("sort", "name")
    rows = [row for row in ROWS if wanted in row[0].lower() and request.args.get("platform") in (None, "", row[1])]
    column = {"name": 0, "platform": 1, "value": 2}.get(sort.lstrip("-"), 0)
    rows.sort(key=lambda row: row[column], reverse=sort.startswith("-"))
    pages = -(-len(rows) // ROWS_A_PAGE)
    number = min(max(request.args.get("page", 1, type=int), 1), max(pages, 1))
    shown = rows[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE]
    return {"rows": shown, "sort": sort, "number": number, "pages": pages, "total": len(rows)}


def add_to_gallery(app: Flask, template: str, content: Callable[[], dict[str, Any]]) -> None:
    """Shows a feature's own components at the end of the page; without a gallery (production) this does nothing."""
    if EXTENSION in app.extensions:
        app.extensions[EXTENSION][template] = content


def init_app(app: Flask) -> None:
    app.extensions[EXTENSION] = {}
    app.register_blueprint(bp)
    add_to_menu(app, MenuItem("system", "/ui", "gallery.index", "template", order=900))
