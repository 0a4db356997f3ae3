"""The forms of mailings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.core import clock
from app.core.ids import to_uuid
from app.core.period import wall_time
from app.core.periods import to_utc
from app.opens.images.models import Image
from app.opens.mailings.models import Mailing
from app.opens.mailings.service import MAX_NAME

DAYS = 7  # of a new mailing's period
MAX_DIGITS = 12


class MailingForm(Form):
    """Times on the clock of the reader; minutes are rounded to the hours of the figures."""

    name = StringField(_l("Name"), [InputRequired(REQUIRED), Length(max=MAX_NAME)], filters=[trimmed])
    starts_at = StringField(_l("Sent from"), [InputRequired(REQUIRED)])
    ends_at = StringField(_l("Opens count until"), [InputRequired(REQUIRED)])
    sent = StringField(_l("How many were sent"), filters=[trimmed])
    image_id = SelectField(_l("Image"))
    version = HiddenField()

    def prepare(
        self, session: Session, account_id: UUID, zone: ZoneInfo, mailing: Mailing | None = None
    ) -> MailingForm:
        """Its choices, and, when it is not posted, what it begins with."""
        self._zone = zone
        self.image_id.choices = _images(session, account_id, mailing)
        if self.is_submitted():
            return self
        start = mailing.starts_at if mailing else clock.now().astimezone(zone).replace(minute=0, second=0)
        end = mailing.ends_at if mailing else start + timedelta(days=DAYS)
        self.starts_at.data, self.ends_at.data = (_shown(moment, zone) for moment in (start, end))
        if mailing:
            self.name.data, self.version.data = mailing.name, str(mailing.version)
            self.sent.data = str(mailing.sent or "")
            self.image_id.data = str(mailing.image_id or "")
        return self

    def values(self) -> dict[str, Any]:
        """What the service takes; what cannot be read is what it refuses."""
        return {
            "name": self.name.data,
            "starts_at": self._moment(self.starts_at.data),
            "ends_at": self._moment(self.ends_at.data, rounds_up=True),
            "sent": _number(self.sent.data or ""),
            "image_id": to_uuid(self.image_id.data or ""),
        }

    def _moment(self, text: str | None, *, rounds_up: bool = False) -> datetime | None:
        found = wall_time(text or "", self._zone, rounds_up=rounds_up)
        return None if found is None else to_utc(found, self._zone).astimezone(UTC).replace(minute=0, second=0)


class ListForm(Form):
    file = FileField(_l("CSV file"), [FileRequired(REQUIRED)])
    replace = BooleanField(_l("Take off the ids that are listed now"))


def _images(session: Session, account_id: UUID, mailing: Mailing | None) -> list[SelectChoice]:
    found = session.execute(
        select(Image.id, Image.name, Image.file).where(Image.account_id == account_id).order_by(Image.name, Image.id)
    )
    choices = {str(row.id): f"{row.name} ({row.file})" for row in found}
    if mailing and mailing.image_id:
        choices.setdefault(str(mailing.image_id), _("An image that was deleted"))
    return [SelectChoice("", _("Any image")), *(SelectChoice(id, label) for id, label in choices.items())]


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    """As a box for a date and time takes it."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _number(text: str) -> int | None:
    """None for nothing; what is no number becomes one that the service refuses."""
    digits = text.replace(".", "").replace(" ", "")
    if not digits:
        return None
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < MAX_DIGITS else -1
