"""The API of contacts: /api/contacts."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.models import Account
from app.contacts import reading, service
from app.contacts.models import Contact
from app.contacts.schemas import ContactChange, ContactIn, ContactOut, ContactQuery, Removal
from app.contacts.service import Source
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import TooSlow, db, time_limited, write
from app.core.errors import Malformed
from app.core.ids import to_uuid
from app.core.pagination import PageOf
from app.core.schema import Schema

bp = resource_blueprint("api_contacts", __name__, "/contacts")
SEARCH_S = 5.0
TOO_SLOW = "This search takes too long: narrow it with more filters"


@bp.get("")
@endpoint(summary="List contacts", permission="contacts.view", query=ContactQuery, answers={200: PageOf[ContactOut]})
def index(query: ContactQuery) -> PageOf[ContactOut]:
    """Sorts by createdAt, name, updatedAt; the newest first unless asked otherwise. 404 for an unknown segment. For who
    sees people masked, `q` looks at names and companies only."""
    account_id, session, filters = current().account_id, db.session(), query.to_filters(zone_of_account())
    where: dict[str, Any] = {"country": service.country_of(account_id), "after": query.after, "page": query.page}
    try:
        with time_limited(session, SEARCH_S):
            found = reading.page_of(session, account_id, filters, sort=query.sort, limit=query.limit, **where)
    except TooSlow:
        raise Malformed(TOO_SLOW) from None
    return found.answer(ContactOut.of)


@bp.post("")
@endpoint(summary="Create a contact", permission="contacts.edit", body=ContactIn, answers={201: ContactOut, 409: None})
def create(body: ContactIn) -> ContactOut:
    """409 with the contact that has this phone number already (with or without Brazil's ninth digit), or this e-mail
    address where there is no phone number."""
    with presenting(Contact, ContactOut.of_contact), write():
        contact = service.create(current_actor(), given(body), Source.API)
    return ContactOut.of_contact(contact)


@bp.get("/<id>")
@endpoint(summary="Get a contact", permission="contacts.view", answers={200: ContactOut})
def show(id: str) -> ContactOut:
    return ContactOut.of_contact(service.get(current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(
    summary="Change a contact", permission="contacts.edit", body=ContactChange, answers={200: ContactOut, 409: None}
)
def update(id: str, body: ContactChange) -> ContactOut:
    """409 with this contact as it is now when `version` is not its version, or with another one that has the new phone
    number or e-mail address."""
    with presenting(Contact, ContactOut.of_contact), write():
        contact = service.update(current_actor(), to_uuid(id), given(body), version=body.version)
    return ContactOut.of_contact(contact)


@bp.delete("/<id>")
@endpoint(summary="Delete a contact", permission="contacts.delete", query=Removal, answers={204: None, 409: None})
def delete(id: str, query: Removal) -> None:
    """It can be brought back for a while, by `restore`."""
    with presenting(Contact, ContactOut.of_contact), write():
        service.delete(current_actor(), to_uuid(id), version=query.version)


@bp.post("/<id>/restore")
@endpoint(summary="Bring back a deleted contact", permission="contacts.delete", answers={200: ContactOut, 409: None})
def restore(id: str) -> ContactOut:
    """409 with the contact that has its phone number or e-mail address by now."""
    with presenting(Contact, ContactOut.of_contact), write():
        contact = service.restore(current_actor(), to_uuid(id))
    return ContactOut.of_contact(contact)


def zone_of_account() -> ZoneInfo:
    """By which the dates of a filter are read."""
    account = select(Account.timezone).where(Account.id == current().account_id)
    return ZoneInfo(db.session.scalar(account) or "UTC")


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
