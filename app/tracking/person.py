"""Who converted, from the event and from the browser's own request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.destinations.base import Person
from app.tracking.free_text import without_people
from app.tracking.schema import EventBody


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser's own request adds: its address, agent and page. A server's request adds nothing."""

    address: str | None = None
    agent: str | None = None
    page: str | None = None


def person(event: EventBody, browser: Browser, country_code: str, event_time: datetime) -> Person:
    """`country_code`: the calling code of national phone numbers. A click cannot be later than its event."""
    agent = event.client_user_agent or browser.agent
    return Person(
        email=event.email,
        phone=event.phone,
        external_id=tuple(event.external_id or ()),
        first_name=event.first_name,
        last_name=event.last_name,
        city=event.city,
        state=event.state,
        zip=event.zip,
        country=event.country,
        gender=event.gender,
        date_of_birth=event.date_of_birth,
        fbclid=event.fbclid,
        fbc=event.fbc,
        fbp=event.fbp,
        ctwa_clid=event.ctwa_clid,
        client_ip_address=event.client_ip_address or browser.address,
        client_user_agent=without_people(agent) if agent else None,
        click_time=min(event.click_time or event_time, event_time),
        default_country=country_code,
    )
