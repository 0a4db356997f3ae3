"""Forms of the privacy desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, SelectField, StringField, TelField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.contacts.identity import MAX_EMAIL, MAX_PHONE
from app.contacts.privacy.models import RequestKind
from app.contacts.privacy.service import MAX_NOTE, MAX_REF, MAX_REFS, Asked
from app.contacts.privacy.words import KINDS

WIRE_NAMES = {"phoneNumber": "phone", "ids": "refs"}


class PersonForm(Form):
    """Who it is about: either is enough."""

    phone = TelField(_l("Phone number"), [Length(max=MAX_PHONE)], filters=[trimmed])
    email = EmailField(_l("E-mail"), [Length(max=MAX_EMAIL)], filters=[trimmed])


class RequestForm(PersonForm):
    kind = SelectField(
        _l("What the person asks for"),
        choices=[SelectChoice(str(kind), word) for kind, word in KINDS.items()],
    )
    refs = TextAreaField(_l("Ids of e-mails (id_fatura)"), [Length(max=MAX_REFS * (MAX_REF + 1))])
    note = StringField(_l("Note"), [Length(max=MAX_NOTE)], filters=[trimmed])

    def asked(self) -> Asked:
        refs = tuple(line.strip() for line in (self.refs.data or "").splitlines() if line.strip())
        kind = RequestKind(self.kind.data)
        return Asked(kind, self.phone.data or "", self.email.data or "", refs, self.note.data or "")


class DeclineForm(Form):
    note = StringField(_l("Reason"), [InputRequired(REQUIRED), Length(max=MAX_NOTE)], filters=[trimmed])
