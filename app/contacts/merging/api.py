"""The API of merging: /api/contacts/{id}/merge."""

from __future__ import annotations

from app.contacts.merging import service
from app.contacts.merging.schemas import MergeIn
from app.contacts.models import Contact
from app.contacts.schemas import ContactOut
from app.core.access import current_actor
from app.core.api import endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import write
from app.core.ids import to_uuid

bp = resource_blueprint("api_contact_merging", __name__, "/contacts")


@bp.post("/<id>/merge")
@endpoint(
    summary="Merge another contact into this one",
    permission="contacts.delete",
    body=MergeIn,
    answers={200: ContactOut, 409: None},
)
def merge(id: str, body: MergeIn) -> ContactOut:
    """For good: the other one is deleted. Its fields are lost but for those in `take`; tags, categories, timeline and
    the log of consents are joined, and of each consent the stricter one holds. 409 with the contact whose version is
    another one, or with a third one that has the phone number or e-mail address."""
    with presenting(Contact, ContactOut.of_contact), write():
        contact = service.merge(
            current_actor(),
            to_uuid(id),
            to_uuid(body.other_id),
            body.take,
            version=body.version,
            other_version=body.other_version,
        )
    return ContactOut.of_contact(contact)
