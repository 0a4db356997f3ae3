"""The form of a correction: what an event carries, and empty boxes for what it knows of a person."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from app.accounts.forms import Form
from app.core.errors import Invalid, Malformed, Text, localized
from app.core.i18n import DEFAULT_LOCALE, locale
from app.core.jsonbody import parse
from app.tracking.models import TrackedEvent
from app.tracking.words import ACTION_SOURCE_WORDS

AMOUNTS = ("value", "shipping", "tax")
PERSONAL = (
    "email", "phone", "external_id", "first_name", "last_name", "city", "state", "zip", "country", "gender",
    "date_of_birth", "fbc", "fbp", "client_ip_address", "client_user_agent",
)  # fmt: skip


class CorrectionForm(Form):
    """Fields by their names on the wire; `personal` are the ones that are never filled in."""

    personal: ClassVar[tuple[str, ...]] = ()
    clicks: ClassVar[tuple[str, ...]] = ()

    value = StringField(_l("Value"))
    currency = StringField(_l("Currency"))
    order_id = StringField(_l("Order ID"))
    num_items = StringField(_l("Number of items"))
    content_id = StringField(_l("Content ID"))
    content_ids = TextAreaField(_l("Content IDs"))
    content_type = StringField(_l("Content type"))
    content_name = StringField(_l("Content name"))
    content_category = StringField(_l("Content category"))
    contents = TextAreaField(_l("Contents"))
    search_string = StringField(_l("Search text"))
    shipping = StringField(_l("Shipping"))
    tax = StringField(_l("Tax"))
    coupon = StringField(_l("Coupon"))
    event_source_url = StringField(_l("Address of the page"))
    referrer = StringField(_l("Referrer"))
    action_source = SelectField(
        _l("Where it happened"), choices=[SelectChoice(value, word) for value, word in ACTION_SOURCE_WORDS.items()]
    )
    version = HiddenField()

    def of(self, event: TrackedEvent, version: str) -> CorrectionForm:
        """The form with what is stored, unless something was posted to it."""
        if not self.is_submitted():
            for name in self.editable:
                stored = event.click_id if name == "click_id" else event.fields.get(name)
                self[name].data = _shown(name, stored)
            self.version.data = version
        return self

    @property
    def editable(self) -> list[str]:
        return [name for name in self._fields if name not in (*self.personal, "version", "csrf_token")]

    def reject(self, error: Invalid, wire_names: dict[str, str] | None = None) -> None:
        """Each message beside its field, the parts of a field (`contents.0.price`) too. Intake speaks English to
        developers: what has no words of ours only points at the field."""
        fields: dict[str, list[Text]] = {}
        for name, texts in error.fields.items():
            fields.setdefault(name.partition(".")[0], []).extend(map(_in_words, texts))
        super().reject(Invalid(fields, error.message), wire_names)

    def values(self) -> dict[str, Any]:
        """What the service takes. Raises Invalid for what cannot be read at all."""
        found = {name: _read(name, self[name].data) for name in self.editable}
        typed = {name: _read(name, self[name].data) for name in self.personal}
        return found | {name: value for name, value in typed.items() if value is not None}


class KwaiCorrection(CorrectionForm):
    clicks: ClassVar[tuple[str, ...]] = ("click_id",)

    click_id = StringField(_l("Click ID"))


class MetaCorrection(CorrectionForm):
    clicks: ClassVar[tuple[str, ...]] = ("fbclid",)
    personal: ClassVar[tuple[str, ...]] = PERSONAL

    fbclid = StringField(_l("Click ID (fbclid)"))
    test_event_code = StringField(_l("Test event code"))
    email = StringField(_l("E-mail"))
    phone = StringField(_l("Phone"))
    external_id = StringField(_l("Customer number"))
    first_name = StringField(_l("First name"))
    last_name = StringField(_l("Last name"))
    city = StringField(_l("City"))
    state = StringField(_l("State (region)"))
    zip = StringField(_l("Postal code"))
    country = StringField(_l("Country"))
    gender = StringField(_l("Gender"))
    date_of_birth = StringField(_l("Date of birth"))
    fbc = StringField(_l("Click (fbc)"))
    fbp = StringField(_l("Browser (fbp)"))
    client_ip_address = StringField(_l("Network address"))
    client_user_agent = StringField(_l("Browser's user agent"))


FORMS: dict[str, type[CorrectionForm]] = {"kwai": KwaiCorrection, "facebook": MetaCorrection}


def form_of(platform: str) -> CorrectionForm:
    return FORMS[platform]()


def _in_words(text: Text) -> Text:
    is_known = not isinstance(text, str) or locale() != DEFAULT_LOCALE or localized(text) != text
    return text if is_known else _l("Please check this field.")


def _shown(name: str, stored: Any) -> str:
    if stored is None:
        return "website" if name == "action_source" else ""
    if name == "content_ids":
        return "\n".join(map(str, stored))
    if name in AMOUNTS and locale() == DEFAULT_LOCALE:
        return str(stored).replace(".", ",")
    return json.dumps(stored, ensure_ascii=False, indent=2) if isinstance(stored, list | dict) else str(stored)


def _read(name: str, typed: str | None) -> Any:
    text = (typed or "").strip()
    if not text:
        return None
    if name == "contents":
        return _contents(text)
    if name == "content_ids":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if name == "num_items" and text.isascii() and text.isdigit():
        return int(text[:9])
    return _amount(text) if name in AMOUNTS else text


def _amount(text: str) -> str:
    """`49,90` and `1.234,50`, as people here write it; `49.90` stays."""
    if locale() != DEFAULT_LOCALE or text.rfind(",") < text.rfind("."):
        return text
    return text.replace(".", "").replace(",", ".", 1) if "," in text else text


def _contents(text: str) -> Any:
    """By the same strict JSON as intake."""
    try:
        found = parse(f'{{"contents": {text}}}'.encode())
    except (Malformed, UnicodeEncodeError):
        found = {}
    if list(found) != ["contents"]:
        raise Invalid({"contents": [_l("This is not a list in JSON.")]})
    return found["contents"]
