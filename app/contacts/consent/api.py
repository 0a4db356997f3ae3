"""The API of a contact's consents: /api/contacts/{id}/consents."""

from __future__ import annotations

from datetime import UTC

from app.contacts import service
from app.contacts.consent import links, reading
from app.contacts.consent import service as consents
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.schemas import ConsentIn, ConsentOut, LinkOut
from app.contacts.consent.service import Given
from app.contacts.consent.states import ConsentSource
from app.core import periods
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import Conflict, Invalid
from app.core.ids import to_uuid
from app.core.pagination import CursorQuery, PageOf

bp = resource_blueprint("api_contact_consents", __name__, "/contacts")
SAME = "This is what is recorded already"


@bp.get("/<id>/consents")
@endpoint(
    summary="List the consents of a contact",
    permission="contacts.view",
    query=CursorQuery,
    answers={200: PageOf[ConsentOut]},
)
def index(id: str, query: CursorQuery) -> PageOf[ConsentOut]:
    """The log, the latest first. What holds now is in the contact."""
    contact = service.get(current().account_id, to_uuid(id))
    found = reading.log_of(
        db.session(), contact.account_id, contact.id, after=query.after, page=query.page, limit=query.limit
    )
    return found.answer(ConsentOut.of)


@bp.post("/<id>/consents")
@endpoint(
    summary="Record a consent or a refusal",
    permission="contacts.edit",
    body=ConsentIn,
    answers={201: ConsentOut, 409: None},
)
def create(id: str, body: ConsentIn) -> ConsentOut:
    """409 for a yes of somebody who said no: only they themselves take it back, on their own page or by a message. 409
    as well where nothing would change."""
    given = _given(body)
    with write() as session:
        contact = service.get(current().account_id, to_uuid(id), lock=True)
        if not consents.record(session, current_actor(), contact, given):
            raise Conflict(SAME)
        session.flush()
        latest = reading.log_of(session, contact.account_id, contact.id, limit=1).rows[0]
    return ConsentOut.of(db.session.get_one(ConsentEvent, latest.id))


@bp.get("/<id>/preferences-link")
@endpoint(summary="Get the link to a contact's preferences", permission="contacts.edit", answers={200: LinkOut})
def preferences_link(id: str) -> LinkOut:
    """For letters and messages: without an end, and public. Whoever has it speaks for the person."""
    contact = service.get(current().account_id, to_uuid(id))
    headers = links.list_unsubscribe(contact)
    return LinkOut(
        url=links.link_for(contact),
        list_unsubscribe=headers["List-Unsubscribe"],
        list_unsubscribe_post=headers["List-Unsubscribe-Post"],
    )


def _given(body: ConsentIn) -> Given:
    if body.at is not None and body.at.year not in periods.YEARS:  # before it is moved to UTC, maybe out of all years
        raise Invalid({"at": ["Not a time that can be meant"]})
    at = None if body.at is None else periods.to_utc(body.at, UTC)
    values = body.model_dump(exclude={"at"})
    return Given(source=ConsentSource.API, at=at, **values)
