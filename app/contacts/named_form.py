"""The form of something with a name, and how it shows what a service refused."""

from __future__ import annotations

from typing import ClassVar

from flask_babel import gettext as _
from wtforms import HiddenField

from app.accounts.forms import Form
from app.contacts.named import Taken
from app.core.errors import Conflict, Invalid, localized


class NamedForm(Form):
    """`named_by`: the field that holds the name."""

    named_by: ClassVar[str] = "name"
    version = HiddenField()

    @property
    def wire_names(self) -> dict[str, str]:
        """API name → field name, where they differ."""
        return {}

    def refuse(self, error: Invalid | Conflict) -> None:
        """Puts the words beside their field, or on top. A stale form takes the new version: sent again, it overwrites
        what somebody else changed."""
        if isinstance(error, Invalid):
            self.reject(error, self.wire_names)
        elif isinstance(error, Taken):
            self[self.named_by].errors = [localized(error.message)]
        elif error.current is not None:
            self.form_errors.append(_("Somebody else changed this meanwhile. Save again to overwrite their change."))
            self.version.data = str(error.current.version)
        else:
            self.form_errors.append(localized(error.message))
