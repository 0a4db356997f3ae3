"""The forms of API clients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms import Form as PlainForm
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, DateInput, ListWidget

from app.accounts.clients.pixel_choices import PixelChoice
from app.accounts.clients.service import DEFAULT_OVERLAP_H, MAX_LIMIT, MAX_OVERLAP_H, AnswerMode, Scope
from app.accounts.clients.values import WINDOWS
from app.accounts.forms import REQUIRED, Form, trimmed
from app.accounts.models import ApiClient
from app.core import periods
from app.core.errors import Invalid

ALL, SOME = "all", "some"
SCOPES = [
    SelectChoice(str(Scope.EVENTS_WRITE), _l("Report events and read their status")),
    SelectChoice(str(Scope.STATS_READ), _l("Read the figures of e-mail images")),
]
MODES = [
    SelectChoice(str(AnswerMode.WAIT), _l("Wait for the platform's verdict and answer it")),
    SelectChoice(str(AnswerMode.ACKNOWLEDGE), _l("Answer at once that the event was accepted")),
]
PIXELS = [
    SelectChoice(ALL, _l("All pixels of the account")),
    SelectChoice(SOME, _l("Only the ones chosen here")),
]
MAX_DIGITS = 11
OUT_OF_RANGE = _l("Choose 1 to 10,000,000, or leave it empty for no limit.")
OVERLAP_RANGE = _l("Choose 0 to 168 hours.")
WIRE_NAMES = {
    "pixelIds": "pixel_ids",
    "answerMode": "answer_mode",
    "perMinute": "per_minute",
    "perHour": "per_hour",
    "perDay": "per_day",
    "pixelLimits": "pixel_limits",
    "expiresAt": "expires_on",
    "overlapHours": "overlap_hours",
}
MAX_LINES = 20_000  # characters of a list of places
NEVER_TO_COME = datetime(1970, 1, 1, tzinfo=UTC)  # for a day that no calendar has: the service refuses it
PLAIN = ("name", "scopes", "answer_mode", *WINDOWS)


def checkboxes(label: Any, **options: Any) -> SelectMultipleField:
    return SelectMultipleField(label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), **options)


class SmallInteger(IntegerField):  # type: ignore[misc]
    """A whole number. Of an endless one only the beginning is read, which is out of range as well: the library's own
    range check overflows on the whole."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([text.strip()[:MAX_DIGITS] for text in valuelist])


def last_day(expires_at: datetime | None, zone: tzinfo) -> str:
    """The day on which a client still works, as a date field holds it."""
    if expires_at is None:
        return ""
    return (expires_at - timedelta(microseconds=1)).astimezone(zone).date().isoformat()


def limit(label: Any) -> IntegerField:
    return SmallInteger(label, [Optional(), NumberRange(1, MAX_LIMIT, OUT_OF_RANGE)])


class PixelLimitsForm(PlainForm):  # type: ignore[misc]
    pixel_id = HiddenField(validators=[Length(max=36)])
    per_minute = limit(_l("Events a minute"))
    per_hour = limit(_l("Events an hour"))
    per_day = limit(_l("Events a day"))


class ClientForm(Form):
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    scopes = checkboxes(_l("What it may do"), choices=SCOPES, default=[str(Scope.EVENTS_WRITE)])
    pixels = RadioField(_l("Pixels"), choices=PIXELS, default=ALL)
    pixel_ids = checkboxes(_l("Allowed pixels"))
    answer_mode = RadioField(_l("How events are answered"), choices=MODES, default=str(AnswerMode.WAIT))
    per_minute = limit(_l("Events a minute"))
    per_hour = limit(_l("Events an hour"))
    per_day = limit(_l("Events a day"))
    pixel_limits = FieldList(FormField(PixelLimitsForm), _l("Limits per pixel"), max_entries=1000)
    expires_on = StringField(_l("Last day"), widget=DateInput(), filters=[trimmed])
    addresses = TextAreaField(_l("Allowed addresses"), [Length(max=MAX_LINES)])
    origins = TextAreaField(_l("Allowed origins"), [Length(max=MAX_LINES)])
    version = HiddenField()
    pixel_labels: dict[str, str]  # by our id

    def offer(self, pixels: list[PixelChoice]) -> ClientForm:
        self.pixel_ids.choices = [SelectChoice(pixel.id, pixel.label) for pixel in pixels]
        self.pixel_labels = {pixel.id: pixel.label for pixel in pixels}
        if not self.pixel_limits.entries:
            for pixel in pixels:
                self.pixel_limits.append_entry({"pixel_id": pixel.id})
        return self

    @property
    def limits_any_pixel(self) -> bool:
        return any(entry[name].data for entry in self.pixel_limits for name in WINDOWS)

    def show(self, client: ApiClient, zone: tzinfo) -> ClientForm:
        for name in (*PLAIN, "version"):
            self[name].data = getattr(client, name)
        self.pixels.data = ALL if client.pixel_ids is None else SOME
        self.pixel_ids.data = client.pixel_ids or []
        self.addresses.data = "\n".join(client.addresses or [])
        self.origins.data = "\n".join(client.origins or [])
        self.expires_on.data = last_day(client.expires_at, zone)
        limits = client.pixel_limits or {}
        for entry in self.pixel_limits:
            for name, amount in limits.get(entry.pixel_id.data, {}).items():
                entry[name].data = amount
        return self

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        if self.pixel_limits.errors:  # a list of what is wrong with each row, which says so itself
            self.pixel_limits.errors = [str(OUT_OF_RANGE)]
        return is_valid

    def validate_expires_on(self, field: StringField) -> None:
        if field.data and not periods.is_day(field.data):
            raise ValidationError(_l("This is not a date."))

    def values(self, zone: tzinfo, client: ApiClient | None = None) -> dict[str, Any]:
        """What the service takes. `client`: as it is, whose exact time of expiry stays while its day does."""
        found = {name: self[name].data for name in PLAIN}
        found["pixel_ids"] = None if self.pixels.data == ALL else self.pixel_ids.data or []
        found["pixel_limits"] = {
            entry.pixel_id.data: {name: entry[name].data for name in WINDOWS} for entry in self.pixel_limits
        }
        for name in ("addresses", "origins"):
            found[name] = [line for line in (self[name].data or "").splitlines() if line.strip()]
        return found | {"expires_at": self._expires_at(zone, client)}

    def _expires_at(self, zone: tzinfo, client: ApiClient | None) -> datetime | None:
        day = self.expires_on.data
        if not day:
            return None
        if client is not None and day == last_day(client.expires_at, zone):
            return client.expires_at
        return periods.moment(day, zone, of_end=True) or NEVER_TO_COME

    def reject(self, error: Invalid, wire_names: dict[str, str] | None = None) -> None:
        super().reject(error, wire_names or WIRE_NAMES)


class RotateForm(Form):
    overlap_hours = SmallInteger(
        _l("Hours that the present token stays valid"),
        [InputRequired(REQUIRED), NumberRange(0, MAX_OVERLAP_H, OVERLAP_RANGE)],
        default=DEFAULT_OVERLAP_H,
    )
    version = HiddenField()
