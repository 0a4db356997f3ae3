"""Quick add, /funnels/<id>/cards/new, at the top of a column or as a page; and from the page of a contact."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from app.contacts import service as contacts
from app.contacts.models import Contact
from app.contacts.service import Source
from app.core.access import account_id, current_actor, has_permission, requires
from app.core.db import db, write
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, localized
from app.core.htmx import go, is_htmx, notify, page
from app.core.ids import to_uuid
from app.funnels.cards import service
from app.funnels.cards.on_contact import deals_of
from app.funnels.cards.pages import CHANGED, bp, doer
from app.funnels.cards.quick.forms import WIRE, QuickForm
from app.funnels.cards.quick.people import find, with_cards
from app.funnels.models import Card, Funnel, Stage
from app.funnels.structure import reading


@bp.get("/<id>/cards/new")
@requires("cards.edit")
def new(id: str) -> ResponseReturnValue:
    funnel, stage = _where(id, request.args.get("stage"))
    return show_new(funnel, stage, QuickForm(formdata=None), text=request.args.get("q", ""))


@bp.get("/<id>/cards/contacts")
@requires("cards.edit")
def find_contacts(id: str) -> ResponseReturnValue:
    """Contacts by name, phone or e-mail address, while somebody types."""
    funnel, stage = _where(id, request.args.get("stage"))
    return show_new(funnel, stage, QuickForm(formdata=None), "_found", text=request.args.get("q", ""))


@bp.post("/<id>/cards")
@requires("cards.edit")
def create(id: str) -> ResponseReturnValue:
    """For the contact that was picked (`contact`), else for a new one of the name and phone that were typed."""
    form = QuickForm()
    funnel, stage = _where(id, form.stage.data)
    text, picked = request.form.get("q", ""), request.form.get("contact")
    if not form.validate_on_submit():
        return show_new(funnel, stage, form, "_new", text=text, status=422)
    try:
        with write():
            card = service.create(doer(), funnel.id, {**form.values(), **_taken_on(_contact(form, picked))})
    except Invalid as error:
        form.reject(error, WIRE)
        return show_new(funnel, stage, form, "_new", text=text, status=422)
    except Conflict as error:
        return show_new(funnel, stage, form, "_new", text=text, status=422, **_in_the_way(funnel, error))
    if not is_htmx():
        notify(_("Card added."))
        return go(url_for("cards.show", id=funnel.id, card=card.id))
    return _added(funnel, stage)


@bp.post("/cards")
@requires("cards.edit")
def add() -> ResponseReturnValue:
    """A card for one contact in the stage that was chosen, of whatever funnel."""
    contact = contacts.get(account_id(), to_uuid(request.form.get("contact")))
    stage = _stage(to_uuid(request.form.get("stage")))
    try:
        with write():
            service.create(doer(), stage.funnel_id, {"stageId": stage.id, **_taken_on(contact.id)})
    except (Invalid, Conflict) as error:
        return _not_added(contact.id, error)
    notify(_("Added to the funnel."))
    return _deals(contact.id)


def show_new(funnel: Funnel, stage: Stage, form: QuickForm, part: str = "_quick", **about: Any) -> Response:
    text, status = about.pop("text", ""), about.pop("status", 200)
    return page(
        "funnels/cards/new.html",
        fragment=f"funnels/cards/{part}.html",
        status=status,
        funnel=funnel,
        stage=stage,
        form=form.is_in(stage),
        found=find(db.session(), funnel, text),
        stages={one.id: one.name for one in reading.stages_of(db.session(), funnel.id)},
        **about,
    )


def _where(id: str, stage_id: str | None) -> tuple[Funnel, Stage]:
    """The leftmost stage where none is named."""
    funnel = reading.get(account_id(), to_uuid(id))
    if stage_id:
        return funnel, reading.get_stage(account_id(), funnel.id, to_uuid(stage_id))
    stages = reading.stages_of(db.session(), funnel.id)
    if not stages:
        raise NotFound
    return funnel, stages[0]


def _stage(id: UUID | None) -> Stage:
    """One of any funnel that is there. Raises NotFound."""
    found = db.session().get(Stage, id) if id is not None else None
    if found is None:
        raise NotFound
    return reading.get_stage(account_id(), reading.get(account_id(), found.funnel_id).id, found.id)


def _contact(form: QuickForm, picked: str | None) -> UUID | None:
    """The contact that was picked, or the one that is made now."""
    if picked:
        return to_uuid(picked)
    if not has_permission("contacts.edit"):
        raise Forbidden
    return contacts.create(current_actor(), form.person(), Source.FORM).id


def _taken_on(contact_id: UUID | None) -> dict[str, Any]:
    """The card of a contact that nobody owns belongs to whoever adds it, so that it is among one's own."""
    known = select(Contact.owner_id).where(Contact.account_id == account_id(), Contact.id == contact_id)
    is_owned = db.session().scalar(known) is not None
    return {"contactId": contact_id} if is_owned else {"contactId": contact_id, "ownerId": current_actor().user_id}


def _in_the_way(funnel: Funnel, error: Conflict) -> dict[str, Any]:
    """What is there already: the contact with this phone, or the open card of the contact."""
    problem = localized(error.message)
    if isinstance(error.current, Contact):
        return {"problem": problem, "same": with_cards(db.session(), funnel, [error.current])}
    return {"problem": problem, "other": error.current}


def _added(funnel: Funnel, stage: Stage) -> Response:
    """The form once more, empty."""
    notify(_("Card added."))
    response = show_new(funnel, stage, QuickForm(formdata=None))
    response.headers.update({"HX-Trigger": CHANGED, "HX-Retarget": f"#cards-quick-{stage.id}"})
    return response


def _not_added(contact_id: UUID, error: Invalid | Conflict) -> Response:
    problem = localized(error.message)
    other = error.current if isinstance(error, Conflict) and isinstance(error.current, Card) else None
    if is_htmx():
        return _deals(contact_id, problem=problem, other=other, status=422)
    notify(problem, "warning")
    return go(url_for("cards.show", id=other.funnel_id, card=other.id)) if other else _deals(contact_id)


def _deals(contact_id: UUID, **about: Any) -> Response:
    if not is_htmx():
        return go(url_for("contacts.show", id=contact_id))
    deals = deals_of(db.session(), contacts.get(account_id(), contact_id))
    fragment = "funnels/cards/_deals.html"
    return page(fragment, fragment=fragment, about=deals, **about)
