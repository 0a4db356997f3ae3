"""The forms of images."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired, MultipleFileField
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.opens.images.service import MAX_NAME


class UploadForm(Form):
    file = MultipleFileField(_l("Image files"), [FileRequired(REQUIRED)])
    name = StringField(_l("Name"), [Length(max=MAX_NAME)], filters=[trimmed])
    wanted = HiddenField()  # a file that mails ask for already


class ContentForm(Form):
    file = FileField(_l("New file"), [FileRequired(REQUIRED)])
    version = HiddenField()


class ImageForm(Form):
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=MAX_NAME)], filters=[trimmed])
    signed_only = BooleanField(_l("Count signed links only"))
    version = HiddenField()
