"""The form of a pixel: what every platform has, and the settings of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from app.accounts.forms import REQUIRED, Form
from app.core.errors import Invalid
from app.destinations import registry
from app.pixels.models import Pixel


class PixelForm(Form):
    """`options` names the fields that are settings of the platform, by their names on the wire."""

    options: ClassVar[Mapping[str, str]] = {}

    platform = SelectField(_l("Platform"))
    pixel_id = StringField(_l("Pixel ID"), [InputRequired(REQUIRED)])
    access_token = PasswordField(_l("Access token"), [InputRequired(REQUIRED)])
    description = StringField(_l("Description"))
    active = BooleanField(_l("Accepts events"), default=True)
    site_url = StringField(_l("Address of the site"))
    event_map = TextAreaField(_l("Own names of events"))
    version = HiddenField()

    def for_change(self, pixel: Pixel) -> PixelForm:
        """The same form on a stored pixel: platform and id stay, an empty token keeps the present one."""
        del self.platform, self.pixel_id
        self.access_token.validators = ()
        self.access_token.flags.required = False
        if not self.is_submitted():
            self.show(pixel)
        return self

    def show(self, pixel: Pixel) -> None:
        self.description.data, self.active.data = pixel.description, pixel.active
        self.version.data = str(pixel.version)
        for wire, name in self.options.items():
            self[name].data = to_field(wire, pixel.settings.get(wire))

    def values(self) -> dict[str, Any]:
        """What the service takes. Raises Invalid for lists that cannot be read."""
        settings = {wire: to_setting(wire, self[name].data) for wire, name in self.options.items()}
        found: dict[str, Any] = {
            "description": self.description.data,
            "active": self.active.data,
            "settings": {wire: value for wire, value in settings.items() if value not in (None, False)},
        }
        if "pixel_id" in self:
            found |= {"platform": self.platform.data, "pixelId": self.pixel_id.data}
        if self.access_token.data:
            found["accessToken"] = self.access_token.data
        return found

    def refuse(self, error: Invalid) -> None:
        """Puts the service's messages beside their fields."""
        names = {"pixelId": "pixel_id", "accessToken": "access_token"}
        self.reject(error, names | {f"settings.{wire}": name for wire, name in self.options.items()})


class KwaiForm(PixelForm):
    options: ClassVar[Mapping[str, str]] = {
        "siteUrl": "site_url",
        "thirdParty": "third_party",
        "trackFlag": "track_flag",
        "testFlag": "test_flag",
        "eventMap": "event_map",
    }

    third_party = StringField(_l("Sender (third_party)"))
    track_flag = BooleanField(_l("Show events in Kwai's test tab (trackFlag)"))
    test_flag = BooleanField(_l("Mark events as tests (testFlag)"))


class MetaForm(PixelForm):
    options: ClassVar[Mapping[str, str]] = {
        "siteUrl": "site_url",
        "graphVersion": "graph_version",
        "testEventCode": "test_event_code",
        "limitedDataUse": "limited_data_use",
        "customEvents": "custom_events",
        "eventMap": "event_map",
    }

    graph_version = StringField(_l("Version of the Graph API"))
    test_event_code = StringField(_l("Test event code"))
    limited_data_use = BooleanField(_l("Limited data use (LDU) for every event"))
    custom_events = TextAreaField(_l("Custom events"))


FORMS: dict[str, type[PixelForm]] = {"kwai": KwaiForm, "facebook": MetaForm}


def new_form(platform: str | None) -> PixelForm:
    """The empty form of a platform, or what was posted to it. An unknown platform has the first one's
    fields, and is refused when posted."""
    key = registry.canonical(platform or "") or registry.KEYS[0]

    form = FORMS[key]()
    form.platform.choices = list(registry.labels().items())
    if not form.is_submitted():
        form.platform.data = key
    return form


def change_form(pixel: Pixel) -> PixelForm:
    return FORMS[pixel.platform]().for_change(pixel)


class ImportForm(Form):
    file = FileField(_l("CSV file"), [FileRequired(REQUIRED)])
    replace_tokens = BooleanField(_l("Replace the tokens of pixels that are already there"))


def to_setting(wire: str, value: Any) -> Any:
    """A field as the setting it stands for; None for an empty one."""
    if isinstance(value, bool) or value is None:
        return value
    text = value.strip()
    if wire == "customEvents":
        return [line.strip() for line in text.splitlines() if line.strip()] or None
    return to_map(text) if wire == "eventMap" else text or None


def to_map(text: str) -> dict[str, str] | None:
    """`EVENT_PURCHASE = Purchase`, one a line."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not all(equals for _name, equals, _value in pairs):
        raise Invalid({"settings.eventMap": [_l("Each line must read EVENT_NAME = name at the platform.")]})
    return {name.strip(): value.strip() for name, _equals, value in pairs} or None


def to_field(wire: str, value: Any) -> Any:
    if wire == "customEvents":
        return "\n".join(value or [])
    if wire == "eventMap":
        return "\n".join(f"{name} = {own}" for name, own in (value or {}).items())
    return value


def typed_version(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
