"""The pages of segments: /segments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.segments import builder, counting, listing, service, words
from app.contacts.segments.builder import Builder
from app.contacts.segments.catalog import fields_of
from app.contacts.segments.counting import Count
from app.contacts.segments.forms import SegmentForm
from app.contacts.segments.models import Segment
from app.contacts.segments.panel import panel, with_names
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate

bp = Blueprint("segments", __name__, url_prefix="/segments")


@bp.get("")
@requires("contacts.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "name"
    text, session, own = request.args.get("q", ""), db.session(), account_id()
    found = paginate(session, service.search(own, text, sort), page=asked.page, limit=asked.limit)
    return page(
        "contacts/segments/index.html",
        fragment="contacts/segments/_rows.html",
        lines=listing.lines_of(session, own, found.rows),
        found=found,
        sort=sort,
        filtered=bool(text.strip()),
    )


@bp.get("/new")
@requires("contacts.organize")
def new() -> ResponseReturnValue:
    return show_form(SegmentForm(), builder.empty())


@bp.post("")
@requires("contacts.organize")
def create() -> ResponseReturnValue:
    form, built = SegmentForm(), builder.from_form(request.form)
    if changed(built):
        return show_form(form, built, count=counted(built))
    try:
        segment_id = _create(form, built) if form.validate_on_submit() else None
    except Invalid as error:
        form.reject(error)
        segment_id = None
    if segment_id is None:
        return show_form(form, built, status=422)
    notify(_("Segment created."))
    return go(url_for(".show", id=segment_id))


def _create(form: SegmentForm, built: Builder) -> UUID | None:
    """Raises Invalid for what stands in no row."""
    values = form.values() | {"rule": rule_of(built)}
    if values["rule"] is None:
        return None
    try:
        with write():
            return service.create(current_actor(), values).id
    except Conflict as error:
        form.name.errors = [localized(error.message)]
        return None


def changed(built: Builder) -> bool:
    return built.change(request.form, fields_of(db.session(), account_id()))


def rule_of(built: Builder) -> dict[str, Any] | None:
    """The rule as it is kept; None with messages beside the rows where something is wrong. Raises Invalid when there is
    no condition."""
    rule, places = built.rule()
    try:
        return service.read_rule(db.session(), account_id(), rule)
    except Invalid as error:
        built.refuse(error, places)
        if not any(row.errors for row in built.rows):
            raise
        return None


def counted(built: Builder) -> Count | None:
    """For the button that counts, where there is no script."""
    if "count" not in request.form:
        return None
    try:
        rule = rule_of(built)
    except Invalid:
        return None
    return None if rule is None else counting.count(db.session(), account_id(), rule)


@bp.post("/count")
@requires("contacts.organize")
def count() -> ResponseReturnValue:
    """The live figure beside the form: of what is typed so far."""
    built = builder.from_form(request.form)
    changed(built)
    try:
        rule = rule_of(built)
    except Invalid:
        rule = None
    found = None if rule is None else counting.count(db.session(), account_id(), rule)
    return page("contacts/segments/_count.html", count=found)


def show_form(
    form: SegmentForm, built: Builder | None, segment: Segment | None = None, count: Count | None = None,
    status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    """`built` is None for a rule that goes deeper than rows do."""
    session, own = db.session(), account_id()
    rows = None if built is None else panel(session, own, built, fields_of(session, own))
    if built is not None and any(row.errors for row in built.rows):
        form.form_errors.append(_("Correct the conditions marked below."))
    return page(
        "contacts/segments/edit.html" if segment else "contacts/segments/new.html",
        fragment="contacts/segments/_form.html",
        form=form,
        panel=rows,
        outline=None if segment is None or built else outline_of(segment),
        segment=segment,
        count=count,
        most_rows=builder.MAX_ROWS,
        most_groups=builder.MAX_GROUPS,
        status=status,
    )


def outline_of(segment: Segment) -> words.Line:
    told = service.told(db.session(), segment.account_id, [segment.rule])[0]
    return words.outline(told.node, told.there)


@bp.get("/<id>")
@requires("contacts.view")
def show(id: str) -> ResponseReturnValue:
    segment = wanted(id)
    outline = outline_of(segment)
    found = counting.count(db.session(), account_id(), segment.rule)
    return page("contacts/segments/show.html", segment=wanted(id), outline=outline, count=found)


@bp.get("/<id>/edit")
@requires("contacts.organize")
def edit(id: str) -> ResponseReturnValue:
    segment, form = wanted(id), SegmentForm()
    form.show(segment)
    return show_form(form, stored(segment), segment)


def stored(segment: Segment) -> Builder | None:
    told = service.told(db.session(), segment.account_id, [segment.rule])[0]
    built = builder.from_node(told.node)
    return None if built is None else with_names(built, told.there)


@bp.post("/<id>/edit")
@requires("contacts.organize")
def update(id: str) -> ResponseReturnValue:
    segment, form = wanted(id), SegmentForm()
    has_rows = "match" in request.form  # a rule that goes deeper is shown in words and stays
    built = builder.from_form(request.form) if has_rows else stored(segment)
    if built is not None and has_rows and changed(built):
        return show_form(form, built, segment, counted(built))
    try:
        is_done = form.validate_on_submit() and _update(segment.id, form, built if has_rows else None)
    except Invalid as error:
        form.reject(error)
        is_done = False
    if not is_done:
        return show_form(form, built, wanted(id), status=422)
    notify(_("Segment saved."))
    return go(url_for(".show", id=segment.id))


def _update(id: UUID, form: SegmentForm, built: Builder | None) -> bool:
    """Whether it was done; otherwise the messages stand in form and rows. Raises Invalid."""
    values = form.values()
    if built is not None:
        values["rule"] = rule_of(built)
        if values["rule"] is None:
            return False
    try:
        with write():
            service.update(current_actor(), id, values, version=typed_version(form.version.data))
    except Conflict as error:
        if isinstance(error.current, Segment) and error.current.id == id:
            form.form_errors.append(
                _("Somebody else changed this segment meanwhile. Save again to overwrite their change.")
            )
            form.version.data = str(service.get(account_id(), id).version)
        else:
            form.name.errors = [localized(error.message)]
        return False
    return True


@bp.get("/<id>/delete")
@requires("contacts.organize")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("contacts.organize")
def delete(id: str) -> ResponseReturnValue:
    segment = wanted(id)
    if not typed_name(segment.name):
        return show_delete(segment, wrong_name=True)
    with write():
        service.delete(current_actor(), segment.id)
    notify(_("Segment deleted. Nobody in it was touched."), "warning")
    return go(url_for(".index"))


def show_delete(segment: Segment, wrong_name: bool = False) -> ResponseReturnValue:
    return page(
        "contacts/segments/delete.html",
        fragment="contacts/segments/_danger.html",
        segment=segment,
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


def wanted(id: str) -> Segment:
    return service.get(account_id(), to_uuid(id))
