"""What pages and exports of events say: the words for states, filters and fields."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.periods import Preset
from app.outbound.models import ErrorClass
from app.outbound.words import Word
from app.tracking.filters import Wish
from app.tracking.status import EventStatus

STATUS_WORDS: dict[str, Word] = {
    EventStatus.PENDING: (_l("Waiting"), "info", "clock"),
    EventStatus.DELIVERED: (_l("Delivered"), "success", "check"),
    EventStatus.FAILED: (_l("Failed"), "danger", "x"),
    EventStatus.CANCELLED: (_l("Cancelled"), "secondary", "circle-x"),
    EventStatus.PAUSED: (_l("Paused"), "warning", "player-pause"),
}
WISH_WORDS = {
    Wish.DELIVERED: _l("Delivered"),
    Wish.FAILED: _l("Failed"),
    Wish.WAITING: _l("Waiting or paused"),
    Wish.PENDING: _l("Waiting"),
    Wish.PAUSED: _l("Paused"),
    Wish.CANCELLED: _l("Cancelled"),
}
DEAD_ERRORS = (  # what a failed event may have died of
    ErrorClass.REFUSED, ErrorClass.CREDENTIALS, ErrorClass.TIMEOUT, ErrorClass.CONNECTION, ErrorClass.SERVER,
    ErrorClass.EXPIRED, ErrorClass.UNBUILT,
)  # fmt: skip
PERIOD_WORDS = {
    Preset.TODAY: _l("Today"),
    Preset.YESTERDAY: _l("Yesterday"),
    Preset.WEEK: _l("Last 7 days"),
    Preset.FOUR_WEEKS: _l("Last 28 days"),
    Preset.QUARTER: _l("Last 90 days"),
    Preset.MONTH: _l("This month"),
    Preset.LAST_MONTH: _l("Last month"),
}
ACTION_SOURCE_WORDS = {
    "website": _l("Website"),
    "app": _l("App"),
    "email": _l("E-mail"),
    "phone_call": _l("Phone call"),
    "chat": _l("Chat"),
    "physical_store": _l("Shop"),
    "system_generated": _l("Made by a system"),
    "business_messaging": _l("Business messaging"),
    "other": _l("Elsewhere"),
}
FILTER_WORDS = {
    "q": _l("Search"),
    "platform": _l("Platform"),
    "pixel": _l("Pixel"),
    "event": _l("Event"),
    "status": _l("Status"),
    "error": _l("Error class"),
    "client": _l("Client app"),
    "period": _l("Period"),
    "from": _l("From"),
    "to": _l("Until"),
}
IDENTITY_WORDS = {
    "em": _l("E-mail"),
    "ph": _l("Phone"),
    "external_id": _l("Customer number"),
    "fn": _l("First name"),
    "ln": _l("Last name"),
    "ct": _l("City"),
    "st": _l("State (region)"),
    "zp": _l("Postal code"),
    "country": _l("Country"),
    "ge": _l("Gender"),
    "db": _l("Date of birth"),
    "fbc": _l("Click (fbc)"),
    "fbp": _l("Browser (fbp)"),
    "ctwa_clid": _l("WhatsApp click (ctwa_clid)"),
    "client_ip_address": _l("Network address"),
    "client_user_agent": _l("Browser's user agent"),
}
