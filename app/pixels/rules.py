"""What a pixel may be: the checks of its fields, in words for people."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid, Text
from app.core.runtime import runtime
from app.core.settings import SAMPLE_TOKENS
from app.destinations import registry
from app.pixels import options

MAX_PIXEL_ID = 64
MAX_TOKEN = 2048
MAX_DESCRIPTION = 255


def known_platform(platform: str) -> str:
    key = registry.canonical(platform)
    if key is None:
        raise Invalid({"platform": [_l("Unknown platform.")]})
    return key


def check(values: dict[str, Any]) -> dict[str, Any]:
    """What of `platform`, `pixelId`, `accessToken`, `description` and `settings` is given, cleaned. Raises Invalid with
    a message for each wrong field; none repeats a token."""
    platform = registry.canonical(str(values.get("platform") or ""))
    fields: dict[str, list[Text]] = {} if platform else {"platform": [_l("Unknown platform.")]}
    clean: dict[str, Any] = {"platform": platform}
    rules = {"pixelId": _pixel_id_error, "accessToken": _token_error, "description": _description_error}
    for name, rule in rules.items():
        if name not in values:
            continue
        clean[name] = str(values[name] or "").strip()
        if error := rule(clean[name], platform):
            fields[name] = [error]
    if platform and "settings" in values:
        clean["settings"], wrong = options.checked(platform, values["settings"] or {})
        fields |= wrong
    if fields:
        raise Invalid(fields)
    return clean


def _pixel_id_error(text: str, platform: str | None) -> Text | None:
    if not text:
        return _l("The pixel id is missing.")
    if len(text) > MAX_PIXEL_ID:
        return _l("At most %(max)d characters.", max=MAX_PIXEL_ID)
    if platform and not re.fullmatch(registry.get(platform, runtime().settings).pixel_id_pattern, text):
        return PIXEL_ID_RULES.get(platform, PIXEL_ID_RULES["kwai"])
    return None


PIXEL_ID_RULES = {
    "kwai": _l("The id of a Kwai pixel has letters, digits, - and _ only."),
    "facebook": _l("The id of a Meta pixel has digits only, at most 32."),
}


def _token_error(text: str, platform: str | None) -> Text | None:
    if not text:
        return _l("The access token is missing.")
    if len(text) > MAX_TOKEN:
        return _l("At most %(max)d characters.", max=MAX_TOKEN)
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        return _l("A token has no spaces, line breaks or accents. Was it copied whole?")
    if text in SAMPLE_TOKENS and runtime().settings.env == "production":
        return _l("This is a sample token from the documentation. Use your own.")
    return None


def _description_error(text: str, platform: str | None) -> Text | None:
    if len(text) > MAX_DESCRIPTION:
        return _l("At most %(max)d characters.", max=MAX_DESCRIPTION)
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return _l("Must not contain control characters.")
    return None
