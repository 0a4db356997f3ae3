"""The form of a segment: its name, and the rows of its rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField

from app.accounts.forms import Form
from app.contacts.segments.models import Segment

NAMES: Mapping[str, str] = {"name": "name", "description": "description"}


class SegmentForm(Form):
    name = StringField(_l("Name"))
    description = StringField(_l("Description"))
    version = HiddenField()

    def show(self, segment: Segment) -> None:
        self.name.data, self.description.data = segment.name, segment.description
        self.version.data = str(segment.version)

    def values(self) -> dict[str, Any]:
        return {"name": self.name.data or "", "description": self.description.data or ""}
