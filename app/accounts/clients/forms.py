"""The forms of API clients."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectChoice, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts.clients.pixel_choices import PixelChoice
from app.accounts.clients.service import DEFAULT_OVERLAP_H, MAX_LIMIT, MAX_OVERLAP_H, AnswerMode, Scope
from app.accounts.forms import REQUIRED, Form, trimmed
from app.accounts.models import ApiClient
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
    "overlapHours": "overlap_hours",
}


def checkboxes(label: Any, **options: Any) -> SelectMultipleField:
    return SelectMultipleField(label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), **options)


class SmallInteger(IntegerField):  # type: ignore[misc]
    """A whole number. Of an endless one only the beginning is read, which is out of range as well: the library's own
    range check overflows on the whole."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([text.strip()[:MAX_DIGITS] for text in valuelist])


def limit(label: Any) -> IntegerField:
    return SmallInteger(label, [Optional(), NumberRange(1, MAX_LIMIT, OUT_OF_RANGE)])


class ClientForm(Form):
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    scopes = checkboxes(_l("What it may do"), choices=SCOPES, default=[str(Scope.EVENTS_WRITE)])
    pixels = RadioField(_l("Pixels"), choices=PIXELS, default=ALL)
    pixel_ids = checkboxes(_l("Allowed pixels"))
    answer_mode = RadioField(_l("How events are answered"), choices=MODES, default=str(AnswerMode.WAIT))
    per_minute = limit(_l("Events a minute"))
    per_hour = limit(_l("Events an hour"))
    per_day = limit(_l("Events a day"))
    version = HiddenField()

    def offer(self, pixels: list[PixelChoice]) -> ClientForm:
        self.pixel_ids.choices = [SelectChoice(pixel.id, pixel.label) for pixel in pixels]
        return self

    def show(self, client: ApiClient) -> ClientForm:
        for name in ("name", "scopes", "answer_mode", "per_minute", "per_hour", "per_day", "version"):
            self[name].data = getattr(client, name)
        self.pixels.data = ALL if client.pixel_ids is None else SOME
        self.pixel_ids.data = client.pixel_ids or []
        return self

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        names = ("name", "scopes", "answer_mode", "per_minute", "per_hour", "per_day")
        pixel_ids = None if self.pixels.data == ALL else self.pixel_ids.data or []
        return {name: self[name].data for name in names} | {"pixel_ids": pixel_ids}

    def reject(self, error: Invalid, wire_names: dict[str, str] | None = None) -> None:
        super().reject(error, wire_names or WIRE_NAMES)


class RotateForm(Form):
    overlap_hours = SmallInteger(
        _l("Hours that the present token stays valid"),
        [InputRequired(REQUIRED), NumberRange(0, MAX_OVERLAP_H, OVERLAP_RANGE)],
        default=DEFAULT_OVERLAP_H,
    )
    version = HiddenField()
