"""The form of a contact: what every contact has, and the fields that the account added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    EmailField,
    Field,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, DateInput

from app.accounts.forms import Form
from app.contacts import words
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.listing import Options
from app.contacts.models import Contact
from app.contacts.reading import Row
from app.core.errors import Conflict, Invalid, localized
from app.core.i18n import LOCALES

PREFIX = "custom_"
WIRE = {"name": "name", "phoneNumber": "phone", "email": "email", "company": "company", "locale": "locale",
        "ownerId": "owner", "tags": "tags", "categoryIds": "categories"}  # fmt: skip
KEPT_AS_TYPED = ("phoneNumber", "email")  # read anew only when they change: an old one may break a newer rule


class ContactForm(Form):
    """`own`: the names of the fields that the account added, here → those fields."""

    own: ClassVar[Mapping[str, CustomField]] = {}

    name = StringField(_l("Name"))
    phone = TelField(_l("Phone number"))
    email = EmailField(_l("E-mail"))
    company = StringField(_l("Company"))
    locale = SelectField(_l("Language"), validate_choice=False)
    owner = SelectField(_l("Owner"), validate_choice=False)
    tags = StringField(_l("Tags"))
    categories = SelectMultipleField(_l("Categories"), validate_choice=False, option_widget=CheckboxInput())
    version = HiddenField()

    def offer(self, options: Options) -> None:
        self.locale.choices = [SelectChoice("", _("Not known")), *(SelectChoice(*pair) for pair in LOCALES.items())]
        self.owner.choices = [SelectChoice("", _("Nobody")), *(SelectChoice(*pair) for pair in options.owners)]
        self.categories.choices = [SelectChoice(str(one.id), one.name) for one in options.categories]

    def show(self, row: Row) -> None:
        for name, value in self.held(row).items():
            self[name].data = value
        self.version.data = str(row.contact.version)

    def held(self, row: Row) -> dict[str, Any]:
        """The contact as this form would show it, by the names of its fields."""
        contact = row.contact
        plain = {name: getattr(contact, name) or "" for name in ("name", "phone", "email", "company", "locale")}
        return {
            **plain,
            "owner": str(contact.owner_id or ""),
            "tags": ", ".join(tag.name for tag in row.tags),
            "categories": [str(one.id) for one in row.categories],
            **{name: words.typed_value(field, contact.custom.get(field.key)) for name, field in self.own.items()},
        }

    def values(self, row: Row | None = None) -> dict[str, Any]:
        """What the service takes; of a contact that is there only what differs where that matters."""
        held = self.held(row) if row else {}
        found = {wire: self[name].data or "" for wire, name in WIRE.items()}
        for wire in KEPT_AS_TYPED:
            if row and _same(found[wire], held[WIRE[wire]]):
                del found[wire]
        found["tags"] = split_tags(found["tags"])
        found["categoryIds"] = list(self.categories.data or ())
        found["customFields"] = {
            field.key: self[name].data or None
            for name, field in self.own.items()
            if not row or not _same(self[name].data, held[name])
        }
        return found

    def refuse(self, error: Invalid) -> None:
        """Puts the service's messages beside their fields."""
        self.reject(error, WIRE | {f"customFields.{field.key}": name for name, field in self.own.items()})

    def refuse_same(self, error: Conflict) -> Contact:
        """Another contact has this phone or e-mail address already; that one."""
        same: Contact = error.current
        beside = self.phone if same.phone_key else self.email
        beside.errors = [*beside.errors, localized(error.message)]
        return same

    def refuse_stale(self, row: Row) -> None:
        """Somebody else was quicker: says what stands there now, and lets a second press overwrite it."""
        self.form_errors.append(
            _("Somebody else changed this contact meanwhile. Save again to overwrite their change.")
        )
        for name, value in self.held(row).items():
            field = self[name]
            if not _same(field.data, value):
                field.errors = [*field.errors, _("It is now: %(value)s", value=_in_words(field, value))]
        self.version.data = str(row.contact.version)


def contact_form(fields: Sequence[CustomField], options: Options, row: Row | None = None) -> ContactForm:
    """The empty form, that of a contact, or what was posted to it."""
    own = {PREFIX + field.key: field for field in fields}
    inputs = {name: input_of(field, row) for name, field in own.items()}
    form: ContactForm = type("OwnContactForm", (ContactForm,), {**inputs, "own": own})()
    form.offer(options)
    if row is not None and not form.is_submitted():
        form.show(row)
    return form


def input_of(field: CustomField, row: Row | None = None) -> Field:
    """The input of a custom field, by its kind. A value that is no option any more stays one of this contact."""
    present = row.contact.custom.get(field.key) if row else None
    match field.kind:
        case FieldKind.YES_NO:
            return SelectField(field.label, choices=_choices(("yes", _("Yes")), ("no", _("No"))), validate_choice=False)
        case FieldKind.CHOICE:
            options = dict.fromkeys([*field.options, *([present] if isinstance(present, str) else [])])
            return SelectField(field.label, choices=_choices(*((one, one) for one in options)), validate_choice=False)
        case FieldKind.DATE:
            return StringField(field.label, widget=DateInput())
        case FieldKind.NUMBER:
            return StringField(field.label, render_kw={"inputmode": "decimal"})
    return TextAreaField(field.label, render_kw={"rows": 2})


def split_tags(text: str) -> list[str]:
    """Of tags as people type them, with commas between."""
    return [tag for part in text.split(",") if (tag := part.strip())]


def _choices(*pairs: tuple[str, str]) -> list[SelectChoice]:
    return [SelectChoice("", "–"), *(SelectChoice(*pair) for pair in pairs)]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) or isinstance(other, list):
        return set(one or ()) == set(other or ())
    return _plain(one) == _plain(other)


def _plain(text: Any) -> str:
    """Browsers send their own ends of lines."""
    return (text or "").replace("\r\n", "\n").strip()


def _in_words(field: Field, value: Any) -> str:
    chosen = value if isinstance(value, list) else [value]
    known = {choice.value: choice.label for choice in getattr(field, "choices", None) or ()}
    return ", ".join(str(known.get(one, one)) for one in chosen if one) or "–"
