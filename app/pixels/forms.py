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
from app.pixels.event_rows import EventRows, KwaiRow, MetaRow, platform_names
from app.pixels.models import Pixel


class PixelForm(Form):
    """`options` names the fields that are settings of the platform, by their names on the wire."""

    options: ClassVar[Mapping[str, str]] = {}
    key: ClassVar[str]
    shows_options = False  # whether the settings are unfolded at once

    platform = SelectField(_l("Platform"))
    pixel_id = StringField(_l("Pixel ID"), [InputRequired(REQUIRED)])
    access_token = PasswordField(_l("Access token"), [InputRequired(REQUIRED)])
    description = StringField(_l("Description"))
    active = BooleanField(_l("Accepts events"), default=True)
    site_url = StringField(_l("Address of the site"))
    event_map: EventRows
    version = HiddenField()

    def for_change(self, pixel: Pixel) -> PixelForm:
        """The same form on a stored pixel: platform and id stay, an empty token keeps the present one."""
        del self.platform, self.pixel_id
        self.access_token.validators = ()
        self.access_token.flags.required = False
        if not self.is_submitted():
            self.show(pixel)
        return self

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        return self.event_map.check(self.key) and is_valid  # after it, so that every row is judged

    def change_rows(self, asked: Mapping[str, str]) -> bool:
        """Adds or removes a row of event names where a button of the form asks for it; True when one did."""
        if "add_row" in asked:
            self.event_map.add()
        elif "remove_row" in asked:
            self.event_map.remove(asked["remove_row"])
        else:
            return False
        self.shows_options = True
        return True

    @property
    def suggested_names(self) -> list[str]:
        return platform_names(self.key, self.custom_names())

    def custom_names(self) -> list[str]:
        return []

    def show(self, pixel: Pixel) -> None:
        self.description.data, self.active.data = pixel.description, pixel.active
        self.version.data = str(pixel.version)
        for wire, name in self.options.items():
            if wire == "eventMap":
                self.event_map.show(pixel.settings.get(wire))
            else:
                self[name].data = to_field(wire, pixel.settings.get(wire))

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        settings = {
            wire: to_setting(wire, self[name].data) for wire, name in self.options.items() if name != "event_map"
        }
        settings["eventMap"] = self.event_map.pairs() or None
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
    key = "kwai"
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
    event_map = EventRows(KwaiRow, _l("Own names of events"))


class MetaForm(PixelForm):
    key = "facebook"
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
    event_map = EventRows(MetaRow, _l("Own names of events"))

    def custom_names(self) -> list[str]:
        return to_lines(self.custom_events.data)


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
    return to_lines(value) or None if wire == "customEvents" else value.strip() or None


def to_lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def to_field(wire: str, value: Any) -> Any:
    return "\n".join(value or []) if wire == "customEvents" else value
