"""Who converted, from the event and from the browser's own request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.destinations.base import Person
from app.tracking.free_text import without_people


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser's own request adds: its address, agent and page. A server's request adds nothing."""

    address: str | None = None
    agent: str | None = None
    page: str | None = None


def person(values: Mapping[str, Any], browser: Browser, country_code: str, event_time: datetime) -> Person:
    """`values`: the fields of an event that are there. `country_code`: the calling code of national phone numbers. A
    click cannot be later than its event."""
    get = values.get
    agent = get("client_user_agent") or browser.agent
    return Person(
        email=get("email"),
        phone=get("phone"),
        external_id=tuple(get("external_id", ())),
        first_name=get("first_name"),
        last_name=get("last_name"),
        city=get("city"),
        state=get("state"),
        zip=get("zip"),
        country=get("country"),
        gender=get("gender"),
        date_of_birth=get("date_of_birth"),
        fbclid=get("fbclid"),
        fbc=get("fbc"),
        fbp=get("fbp"),
        ctwa_clid=get("ctwa_clid"),
        client_ip_address=get("client_ip_address") or browser.address,
        client_user_agent=without_people(agent) if agent else None,
        click_time=min(get("click_time", event_time), event_time),
        default_country=country_code,
    )
