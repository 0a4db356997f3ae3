"""The settings of a pixel, as each platform takes them; unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from app.core.errors import N_, Text
from app.destinations.names import NEUTRAL

MAX_NAMES = 100
MAX_LINE = 64
MAX_EVENT_NAME = 50


def printable(value: str) -> str:
    """Refuses control characters: PostgreSQL stores no NUL, and no page should show the others."""
    if not value.isprintable():
        raise PydanticCustomError("printable", "must not contain control characters")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username and " " not in value
    except ValueError:
        usable = False
    if not usable:
        raise PydanticCustomError("web_address", "must be a web address")
    return value


def _neutral(value: str) -> str:
    if value not in NEUTRAL:
        raise PydanticCustomError("event_name", "unknown event name: {name}", {"name": value[:64]})
    return value


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE), AfterValidator(printable)
]
EventName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_EVENT_NAME), AfterValidator(printable)
]
Neutral = Annotated[str, AfterValidator(_neutral)]
Url = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=512), AfterValidator(printable), AfterValidator(_url)
]
GraphVersion = Annotated[str, StringConstraints(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$")]


class Options(BaseModel):
    """Absent and null both mean the platform's default."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    siteUrl: Url | None = None


class KwaiOptions(Options):
    thirdParty: Line | None = None
    trackFlag: bool | None = None
    testFlag: bool | None = None
    eventMap: Annotated[dict[Neutral, Neutral], Field(max_length=MAX_NAMES)] | None = None  # Kwai has no custom names


class MetaOptions(Options):
    graphVersion: GraphVersion | None = None
    testEventCode: Line | None = None
    limitedDataUse: bool | None = None
    eventMap: Annotated[dict[Neutral, EventName], Field(max_length=MAX_NAMES)] | None = None
    customEvents: Annotated[list[EventName], Field(max_length=MAX_NAMES), AfterValidator(_distinct)] | None = None


OPTIONS: dict[str, type[Options]] = {"kwai": KwaiOptions, "facebook": MetaOptions}


def checked(platform: str, values: Any) -> tuple[dict[str, Any], dict[str, list[Text]]]:
    """The settings as stored (without what is absent, null or empty), and messages by field (`settings.siteUrl`)."""
    try:
        options = OPTIONS[platform].model_validate(values)
    except ValidationError as error:
        return {}, _messages(error)
    return {name: value for name, value in options.model_dump().items() if value not in (None, {}, [])}, {}


def is_line(value: str | None, longest: int = MAX_LINE) -> bool:
    """Whether it is nothing, or a short text that a page can show."""
    return not value or (len(value) <= longest and value.isprintable())


def own_name_error(platform: str, name: str) -> Text | None:
    """Why an event cannot be called so at the platform; None when it can."""
    if not name:
        return _l("Write the platform's name for it.")
    if platform == "kwai" and name not in NEUTRAL:
        return _l("Kwai takes no name but its own 32.")
    if len(name) > MAX_EVENT_NAME or not name.isprintable():
        return _l("At most %(max)d characters, without control characters.", max=MAX_EVENT_NAME)
    return None


def _messages(error: ValidationError) -> dict[str, list[Text]]:
    found: dict[str, list[Text]] = {}
    for item in error.errors(include_url=False, include_input=False):
        name = str(item["loc"][0])[:64] if item["loc"] else ""
        text = _l(MESSAGES.get(item["type"], UNCLEAR), **item.get("ctx", {}))
        messages = found.setdefault(f"settings.{name}" if name else "settings", [])
        if text not in messages:
            messages.append(text)
    return found


UNCLEAR = N_("Is not valid.")
MESSAGES = {  # pydantic's kinds of errors in our words
    "extra_forbidden": N_("Unknown setting for this platform."),
    "string_too_long": N_("At most %(max_length)d characters."),
    "string_too_short": N_("Must not be empty."),
    "string_pattern_mismatch": N_("Must look like v25.0."),
    "string_type": N_("Must be text."),
    "bool_type": N_("Must be true or false."),
    "dict_type": N_("Must be an object."),
    "model_type": N_("Must be an object."),
    "list_type": N_("Must be a list."),
    "too_long": N_("At most %(max_length)d entries."),
    "printable": N_("Must not contain control characters."),
    "web_address": N_("Must be a web address such as https://www.example.com."),
    "event_name": N_("Unknown event name: %(name)s"),
}
