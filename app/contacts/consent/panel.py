"""What a contact's page shows of its consents."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.contacts.consent import reading, words
from app.contacts.consent.forms import ConsentForm
from app.contacts.consent.links import link_for
from app.contacts.models import Contact
from app.core.access import has_permission

SHOWN = 5
WORDS = {
    "channels": words.CHANNELS,
    "states": words.STATES,
    "purposes": words.PURPOSES,
    "bases": words.BASES,
    "sources": words.SOURCES,
}


def panel_of(session: Session, contact: Contact) -> dict[str, Any]:
    """For `contacts/consent/_panel.html`, which finds it under `consent`. Who may not change a contact gets no form
    and no link: the link is the person's own word."""
    found = reading.log_of(session, contact.account_id, contact.id, limit=SHOWN)
    may_change = has_permission("contacts.edit")
    return {
        "contact": contact,
        "standings": reading.standings(session, contact),
        "entries": found.rows,
        "total": found.total,
        "has_more": found.next is not None,
        "form": new_form() if may_change else None,
        "link": link_for(contact) if may_change else None,
        "words": WORDS,
    }


def new_form() -> ConsentForm:
    return ConsentForm(formdata=None).prepare()
