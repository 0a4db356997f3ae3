"""The panel of a card, /funnels/<id>/cards/<card>: beside the board, or as a page of its own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, is_htmx, notify, page, typed_version
from app.core.ids import to_uuid
from app.funnels.cards import history, moving, panel, service, words
from app.funnels.cards.forms import WIRE, CardForm, card_form, fresh_form
from app.funnels.cards.history import Doer
from app.funnels.cards.panel import Panel
from app.funnels.cards.placing import Place
from app.funnels.states import ChangeKind, State

CLOSED = {State.WON.value: _l("Deal won."), State.LOST.value: _l("Deal lost.")}
bp = Blueprint("cards", __name__, url_prefix="/funnels")
MOST_MOVES = 100  # that are looked through
CHANGED = "funnel-changed"  # the board of the page looks what is new


@bp.get("/<id>/cards/<card>")
@requires("funnels.view")
def show(id: str, card: str) -> ResponseReturnValue:
    """Of a card that somebody removed: that it was, and the way back."""
    return show_panel(seen(id, card))


@bp.post("/<id>/cards/<card>")
@requires("cards.edit")
def update(id: str, card: str) -> ResponseReturnValue:
    about = seen(id, card)
    form = card_form(about.people, about.card)
    if not form.validate_on_submit():
        return show_panel(about, form=form, fragment="_form", status=422)
    try:
        with write():
            version = _version(about, typed_version(form.version.data))
            service.update(doer(), about.card.id, form.values(), version=version)
    except Invalid as error:
        form.reject(error, WIRE)
        return show_panel(about, form=form, fragment="_form", status=422)
    except Conflict:
        now = seen(id, card)
        form.refuse_stale(now.card)
        return show_panel(now, form=form, fragment="_form", status=422 if is_htmx() else 409)
    notify(_("Card saved."))
    return changed(id, card, "_saved")


@bp.post("/<id>/cards/<card>/stage")
@requires("cards.edit")
def change_stage(id: str, card: str) -> ResponseReturnValue:
    """To another stage, which may win, lose or reopen the deal."""
    about, given = seen(id, card), request.form
    reason, version = given.get("reason") or given.get("other_reason"), typed_version(given.get("version"))
    try:
        with write():
            place = _place(given.get("stage"))
            _card, change = moving.move(doer(), about.card.id, place, reason=reason, version=version)
            closed = change.to_state if change.to_state != change.from_state else None
    except Invalid as error:
        return refused(id, card, localized(error.message), lost=given if "reason" in error.fields else None)
    except Conflict as error:
        return refused(id, card, _conflict(error, about), error=error)
    notify(str(CLOSED[closed] if closed in CLOSED else _("Card moved.")))
    return changed(id, card, "_moved")


@bp.post("/<id>/cards/<card>/remove")
@requires("cards.edit")
def remove(id: str, card: str) -> ResponseReturnValue:
    about = seen(id, card)
    try:
        with write():
            service.remove(doer(), about.card.id, version=typed_version(request.form.get("version")))
    except Conflict as error:
        return refused(id, card, _conflict(error, about), error=error)
    return changed(id, card, "_removed", whole=True)


@bp.post("/<id>/cards/<card>/restore")
@requires("cards.edit")
def restore(id: str, card: str) -> ResponseReturnValue:
    about = seen(id, card)
    try:
        with write():
            service.restore(doer(), about.card.id)
    except Conflict as error:
        return show_panel(seen(id, card), fragment="_removed", status=422, problem=_conflict(error, about), error=error)
    notify(_("The card is back."))
    return changed(id, card, "_panel", whole=True)


def doer() -> Doer:
    return Doer(current_actor())


def seen(id: str, card: str) -> Panel:
    funnel, found = panel.get(account_id(), to_uuid(id), to_uuid(card))
    return panel.panel_of(db.session(), funnel, found)


def show_panel(about: Panel, *, fragment: str = "_panel", status: int = 200, **more: Any) -> Response:
    if about.card.removed_at is not None and status == 200:
        fragment = "_removed"
    form: CardForm = more.pop("form", None) or fresh_form(about.people, about.card)
    return page(
        "funnels/cards/show.html",
        fragment=f"funnels/cards/{fragment}.html",
        status=status,
        panel=about,
        form=form,
        words=words,
        other=_other_card(more.pop("error", None), about),
        **more,
    )


def refused(id: str, card: str, problem: str, **more: Any) -> Response:
    """The head of the panel, with what is wrong; what was typed below it stays as it is."""
    return show_panel(seen(id, card), fragment="_head", status=422, problem=problem, **more)


def changed(id: str, card: str, fragment: str, *, whole: bool = False) -> Response:
    """The parts that changed, to htmx; `whole`: in place of the panel."""
    if not is_htmx():
        return go(url_for("cards.show", id=id, card=card))
    response = show_panel(seen(id, card), fragment=fragment)
    response.headers["HX-Trigger"] = CHANGED
    if whole:
        response.headers["HX-Retarget"] = "#cards-panel"
    return response


def _version(about: Panel, typed: int | None) -> int | None:
    """That of the card as it is, where it only went to other places since the form was opened: whoever dragged it over
    the board beside the form is not told that it changed."""
    behind = about.card.version - typed if typed is not None else 0
    if not 0 < behind <= MOST_MOVES:
        return typed
    since = [change.kind for change in history.changes_of(db.session(), about.card, limit=behind)]
    only_moved = len(since) == behind and set(since) <= {ChangeKind.MOVED, ChangeKind.ORDERED}
    return about.card.version if only_moved else typed


def _place(stage: str | None) -> Place:
    """The top of the stage that was chosen."""
    if (found := to_uuid(stage)) is None:
        raise Invalid({"stageId": [service.NO_STAGE]})
    return Place(found)


def _conflict(error: Conflict, about: Panel) -> str:
    if error.current is not None and error.current.id == about.card.id:
        return str(_("The card changed meanwhile: this is how it is now. Look again, then repeat."))
    return localized(error.message)


def _other_card(error: Conflict | None, about: Panel) -> Any:
    """The card that stands in the way of this one."""
    current = error.current if error is not None else None
    return current if current is not None and current.id != about.card.id else None
