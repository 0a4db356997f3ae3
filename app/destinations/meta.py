"""Meta Conversions API: people matched by hashed fields (facts/destinations.md §1)."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from app.core.exchange import Call, Json, Outcome, Reply
from app.core.phones import phone_digits
from app.destinations import clicks, people, places, values
from app.destinations.base import Destination, Event, Person, PixelKey
from app.destinations.meta_answers import read_answer
from app.destinations.names import META_NAMES, META_STANDARD, NEUTRAL, custom_names, override
from app.destinations.values import present

ACTION_SOURCES = (
    "website", "app", "email", "phone_call", "chat", "physical_store", "system_generated", "business_messaging",
    "other",
)  # fmt: skip
DELIVERY_CATEGORIES = ("in_store", "curbside", "home_delivery")
GRAPH_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
ENOUGH = ("em", "ph", "external_id", "fbc", "fbp")  # any one identifies; address and agent do together
MAX_URL = 2048


class Meta(Destination):
    key = "facebook"
    label = "Meta"
    max_batch = 1000
    max_age = timedelta(days=7)  # one older event makes Meta refuse the whole call (100/2804003)
    event_names = META_NAMES
    pixel_id_pattern = r"[0-9]{1,32}"
    test_takes = test_needs = ("testEventCode",)  # without the code Meta shows a test nowhere

    def wire_name(self, name: str, pixel_settings: Mapping[str, Any]) -> str | None:
        if name in META_NAMES:
            return override(pixel_settings, name) or META_NAMES[name]
        return name if name in META_STANDARD or name in custom_names(pixel_settings) else None

    def accepted_names(self, pixel_settings: Mapping[str, Any]) -> list[str]:
        return list(dict.fromkeys((*NEUTRAL, *META_STANDARD, *custom_names(pixel_settings))))

    def identify(self, person: Person) -> Json:
        """`user_data` of the event. A bare click id needs `person.click_time`; intake falls back to the event's."""
        country = person.default_country
        hashed: tuple[tuple[str, str | None, people.Normal], ...] = (
            ("em", person.email, people.email),
            ("ph", person.phone, lambda text: phone_digits(text, country)),
            ("fn", person.first_name, people.name),
            ("ln", person.last_name, people.name),
            ("ct", person.city, people.city),
            ("st", person.state, places.state),
            ("zp", person.zip, people.postal_code),
            ("country", person.country, places.country),
            ("ge", person.gender, people.gender),
            ("db", person.date_of_birth, lambda text: people.birth_date(text, country)),
        )
        found: Json = {
            name: [digest] for name, value, normal in hashed if value and (digest := people.digest(value, normal))
        }
        if ids := people.digests(person.external_id, people.external_id):
            found["external_id"] = ids
        return found | present(
            fbc=clicks.to_fbc(person.fbc, person.fbclid, person.click_time),
            fbp=person.fbp and clicks.to_fbp(person.fbp),
            client_ip_address=person.client_ip_address and clicks.to_address(person.client_ip_address),
            client_user_agent=person.client_user_agent and clicks.to_agent(person.client_user_agent),
            ctwa_clid=person.ctwa_clid and clicks.to_ctwa(person.ctwa_clid),
        )

    def unusable(self, identity: Mapping[str, Any], click_id: str | None) -> str | None:
        seen = identity.get("client_ip_address") and identity.get("client_user_agent")
        if seen or any(identity.get(name) for name in ENOUGH):
            return None
        return (
            "Meta needs at least one valid email, phone, external_id, fbclid, fbc or fbp, "
            "or client_ip_address together with client_user_agent"
        )

    def batch_key(self, item: Event, target: PixelKey) -> Hashable:
        """The test code: it stands once in a call, and an event sent under another's would count or not count."""
        return values.text(item.fields.get("test_event_code"), 64) or values.text(
            target.settings.get("testEventCode"), 64
        )

    def build(self, items: Sequence[Event], target: PixelKey) -> Call:
        test_codes = {self.batch_key(item, target) for item in items}
        if len(test_codes) > 1:
            raise ValueError("Events with different test codes cannot share a call")
        body: Json = {"access_token": target.access_token, "data": [self.row(item, target) for item in items]}
        return Call(
            "POST",
            self.url(target),
            {**body, **present(test_event_code=next(iter(test_codes), None))},
            headers={"Content-Type": "application/json"},
        )

    def url(self, target: PixelKey) -> str:
        """`{base}/{version}/{pixel id}/events`; a malformed version counts as none, a malformed id is a ValueError."""
        if not re.fullmatch(self.pixel_id_pattern, target.external_id):
            raise ValueError("The id of a Meta pixel must be digits only")
        chosen = str(target.settings.get("graphVersion") or "")
        version = chosen if GRAPH_VERSION.fullmatch(chosen) else self.settings.meta_graph_version
        return f"{self.settings.meta_graph_url}/{quote(version)}/{quote(target.external_id)}/events"

    def row(self, event: Event, target: PixelKey) -> Json:
        """One entry of `data`. The name falls back to the client's: it was accepted at intake under older settings."""
        fields = event.fields
        source = fields.get("action_source") or "website"
        site = fields.get("event_source_url") or target.settings.get("siteUrl")
        return {
            "event_name": self.wire_name(event.name, target.settings) or event.name,
            "event_time": int(event.occurred_at.timestamp()),
            "action_source": source if source in ACTION_SOURCES else "other",
            "event_id": event.event_id,
            **present(
                event_source_url=values.text(site, MAX_URL),
                referrer_url=values.text(fields.get("referrer"), MAX_URL),
                **messaging(event),
            ),
            "user_data": {**event.identity, **page_of(event, target)},
            **present(custom_data=custom_data(fields)),
            **privacy(fields, target.settings),
        }

    def read(self, reply: Reply, items: Sequence[Event]) -> Outcome:
        return read_answer(reply, len(items))


def custom_data(fields: Mapping[str, Any]) -> Json:
    """The commerce of an event. Only what Meta documents is named here, so no personal field can slip through."""
    listed = fields.get("contents")
    contents = [content(item) for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    return present(
        value=values.number(fields.get("value")),
        currency=values.currency(fields.get("currency")),
        content_ids=values.texts(fields.get("content_ids")) or values.texts(fields.get("content_id")),
        contents=[item for item in contents if "id" in item],  # Meta refuses the call for one without an id
        content_type=values.text(fields.get("content_type")),
        content_name=values.text(fields.get("content_name")),
        content_category=values.text(fields.get("content_category")),
        num_items=values.whole(fields.get("num_items")),
        order_id=values.text(fields.get("order_id")),
        search_string=values.text(fields.get("search_string")),
    )


def content(item: Mapping[str, Any]) -> Json:
    delivery = item.get("delivery_category")
    return present(
        id=values.text(item.get("id")),
        quantity=values.whole(item.get("quantity")),
        item_price=values.number(item.get("price")),
        delivery_category=delivery if delivery in DELIVERY_CATEGORIES else None,
    )


def privacy(fields: Mapping[str, Any], pixel_settings: Mapping[str, Any]) -> Json:
    """Limited data use (0, 0: Meta locates the person) and opt-out from ad personalisation; the event's own word on
    limited use goes before the pixel's."""
    limited = fields.get("limited_data_use")
    limited = pixel_settings.get("limitedDataUse") if limited is None else limited
    consent = fields.get("consent")
    refused = isinstance(consent, Mapping) and consent.get("ad_personalization") == "denied"
    options: Json = {"opt_out": True} if refused else {}
    if limited is True:
        options |= {
            "data_processing_options": ["LDU"],
            "data_processing_options_country": 0,
            "data_processing_options_state": 0,
        }
    return options


def messaging(event: Event) -> Json:
    """A conversion after a click into a WhatsApp chat names its channel."""
    chat = event.fields.get("action_source") == "business_messaging" and event.identity.get("ctwa_clid")
    return {"messaging_channel": "whatsapp"} if chat else {}


def page_of(event: Event, target: PixelKey) -> Json:
    """The page that owned the ad, which Meta wants beside `ctwa_clid`."""
    page = values.text(target.settings.get("pageId"), 32) if event.identity.get("ctwa_clid") else None
    return {"page_id": page} if page and page.isascii() and page.isdigit() else {}
