"""The page of one contact, /contacts/<id>, with what is changed on it: custom fields, tags, categories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import Form

from app.contacts import listing, service, words
from app.contacts.consent import words as consent_words
from app.contacts.consent.panel import panel_of
from app.contacts.detail.panels import panels_of
from app.contacts.detail.story import story_of
from app.contacts.fields.models import CustomField
from app.contacts.forms import PREFIX, input_of, split_tags
from app.contacts.merging.chains import kept_of
from app.contacts.pages import bp, wanted
from app.contacts.reading import Row
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Invalid, NotFound, localized
from app.core.folding import folded_name
from app.core.htmx import go, is_htmx, notify, page
from app.core.ids import to_uuid


@bp.get("/<id>")
@requires("contacts.view")
def show(id: str) -> ResponseReturnValue:
    """A contact that was merged into another one leads on to it."""
    try:
        row = wanted(id)
    except NotFound:
        if (kept := kept_of(db.session(), to_uuid(id), account_id())) is None:
            raise
        return go(url_for(".show", id=kept))
    session, fields = db.session(), service.fields_of(account_id())
    return page(
        "contacts/show.html",
        **_about(row, fields),
        consent=panel_of(session, row.contact),
        consent_words=consent_words,
        owner=dict(listing.owners_of(session, account_id())).get(str(row.contact.owner_id)),
        story=story_of(session, row.contact, fields),
        panels=panels_of(session, row.contact),
    )


def _about(row: Row, fields: Sequence[CustomField]) -> dict[str, Any]:
    return {
        "row": row,
        "contact": row.contact,
        "fields": fields,
        "inputs": {field.key: _input(field, row) for field in fields},
        "options": listing.options_of(db.session(), account_id()),
        "words": words,
        "errors": {},
    }


def _input(field: CustomField, row: Row) -> Any:
    name = PREFIX + field.key
    form = type("OneField", (Form,), {name: input_of(field, row)})()
    form[name].data = words.typed_value(field, row.contact.custom.get(field.key))
    return form[name]


@bp.post("/<id>/fields/<key>")
@requires("contacts.edit")
def set_field(id: str, key: str) -> ResponseReturnValue:
    """One custom field; who did not see what stands there now (`was`) is told, and saves again to overwrite it."""
    name, own = PREFIX + key, account_id()
    typed, was = request.form.get(name, ""), request.form.get("was", "")
    try:
        with write():
            contact = service.get(own, to_uuid(id), lock=True)
            _refuse_unseen(_field(service.fields_of(own), key), contact.custom.get(key), was, typed)
            service.update(current_actor(), contact.id, {"customFields": {key: typed or None}})
    except Invalid as error:
        return _refused(wanted(id), service.fields_of(own), key, typed, localized(error.message))
    return _done(id, "contacts/_custom.html")


def _field(fields: Sequence[CustomField], key: str) -> CustomField:
    field = next((one for one in fields if one.key == key), None)
    if field is None:
        raise NotFound
    return field


def _refuse_unseen(field: CustomField, value: Any, was: str, typed: str) -> None:
    """Raises Invalid for a value that somebody else set meanwhile."""
    now = words.typed_value(field, value)
    if _plain(was) != _plain(now) != _plain(typed):
        shown = words.shown_value(field, value)
        stale = _("Somebody else changed this meanwhile, to: %(value)s. Save again to overwrite it.", value=shown)
        raise Invalid({field.key: [stale]})


def _refused(row: Row, fields: Sequence[CustomField], key: str, typed: str, message: str) -> Response:
    name = _field(fields, key).key
    about = _about(row, fields)
    about["inputs"][name].data = typed
    about["errors"] = {name: message}
    if is_htmx():
        return page("contacts/_custom.html", **about, status=422)
    return page("contacts/field.html", **about, status=422)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


@bp.post("/<id>/tags")
@requires("contacts.edit")
def set_tags(id: str) -> ResponseReturnValue:
    """What was added to the tags of `was` and taken from them; what others did meanwhile stays."""
    was = {folded_name(name) for name in split_tags(request.form.get("was", ""))}
    typed = {folded_name(name): name for name in split_tags(request.form.get("tags", ""))}

    def tags_of(row: Row) -> dict[str, Any]:
        present = {folded_name(tag.name): tag.name for tag in row.tags}
        names = {key: name for key, name in present.items() if key in typed or key not in was}
        names |= {key: name for key, name in typed.items() if key not in present and key not in was}
        return {"tags": list(names.values())}

    return _regroup(id, tags_of)


@bp.post("/<id>/categories")
@requires("contacts.edit")
def set_categories(id: str) -> ResponseReturnValue:
    """As with tags, by the ids of categories."""
    was, ticked = set(request.form.getlist("was")), request.form.getlist("category")

    def categories_of(row: Row) -> dict[str, Any]:
        present = [str(one.id) for one in row.categories]
        kept = [one for one in present if one in ticked or one not in was]
        new = [one for one in ticked if one not in present and one not in was]
        return {"categoryIds": [*kept, *new]}

    return _regroup(id, categories_of)


def _regroup(id: str, values_of: Callable[[Row], dict[str, Any]]) -> ResponseReturnValue:
    """`values_of` the contact as it is while nobody else can change it: what others do meanwhile is not lost."""
    try:
        with write():
            service.get(account_id(), to_uuid(id), lock=True)
            service.update(current_actor(), to_uuid(id), values_of(wanted(id)))
    except Invalid as error:
        notify(localized(error.message), "danger")
        return _shown(id, "contacts/_groups.html")
    return _done(id, "contacts/_groups.html")


def _done(id: str, fragment: str) -> ResponseReturnValue:
    notify(_("Contact saved."))
    return _shown(id, fragment)


def _shown(id: str, fragment: str) -> ResponseReturnValue:
    if not is_htmx():
        return go(url_for(".show", id=id))
    row = wanted(id)
    return page("contacts/show.html", fragment=fragment, **_about(row, service.fields_of(account_id())))
