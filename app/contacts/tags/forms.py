"""The forms of a tag: its name, and the tag that it is merged into."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired

from app.accounts.forms import REQUIRED, Form, trimmed
from app.contacts.named_form import NamedForm


class TagForm(NamedForm):
    name = StringField(_l("Name"), [InputRequired(REQUIRED)])


class MergeForm(Form):
    """To type the name of the other tag is to confirm it."""

    into = StringField(_l("Tag that stays"), [InputRequired(REQUIRED)], filters=[trimmed])
