"""The form of a card: what people change of it while they work on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import DateInput, HiddenInput

from app.accounts.forms import Form
from app.core.i18n import date_text, money
from app.core.list_filters import Choice
from app.funnels.cards.amounts import amount_from, typed_amount
from app.funnels.models import Card

WIRE = {"value": "value", "ownerId": "owner", "expectedClose": "expected_close", "notes": "notes"}
NO_AMOUNT = _l("An amount, such as 1.234,50.")


class Amount(StringField):  # type: ignore[misc]
    """Reais, as people type them."""

    def pre_validate(self, _form: Any) -> None:
        if amount_from(self.data) is None:
            raise ValidationError(str(NO_AMOUNT))


class CardForm(Form):
    value = Amount(_l("Value"), id="card-value", render_kw={"inputmode": "decimal", "placeholder": "0,00"})
    owner = SelectField(_l("Owner"), id="card-owner", validate_choice=False)
    expected_close = StringField(_l("Expected close"), id="card-close", widget=DateInput())
    notes = TextAreaField(_l("Notes"), id="card-notes", render_kw={"rows": 5})
    version = StringField(widget=HiddenInput())  # printed by the page, where a move replaces it alone

    def offer(self, people: Iterable[Choice]) -> None:
        self.owner.choices = [SelectChoice("", _("Nobody")), *(SelectChoice(*pair) for pair in people)]

    def show(self, card: Card) -> None:
        for name, value in self.held(card).items():
            self[name].data = value
        self.version.data = str(card.version)

    def held(self, card: Card) -> dict[str, str]:
        """The card as this form would show it, by the names of its fields."""
        return {
            "value": typed_amount(card.value),
            "owner": str(card.owner_id or ""),
            "expected_close": card.expected_close.isoformat() if card.expected_close else "",
            "notes": card.notes,
        }

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        plain = {wire: self[name].data or "" for wire, name in WIRE.items()}
        return plain | {"value": amount_from(self.value.data)}

    def refuse_stale(self, card: Card) -> None:
        """Somebody was quicker: says what stands there now, and lets a second press overwrite it."""
        self.form_errors.append(_("The card was changed meanwhile. Save again to overwrite that change."))
        for name, value in self.held(card).items():
            field = self[name]
            if _same(name, field.data, value):
                continue
            field.errors = [*field.errors, _("It is now: %(value)s", value=_in_words(field, card) or "–")]
        self.version.data = str(card.version)


def card_form(people: Iterable[Choice], card: Card) -> CardForm:
    """The form of a card, or what was posted to it."""
    form = CardForm()
    form.offer(people)
    if not form.is_submitted():
        form.show(card)
    return form


def fresh_form(people: Iterable[Choice], card: Card) -> CardForm:
    """That of the card as it is, whatever was posted."""
    form = CardForm(formdata=None)
    form.offer(people)
    form.show(card)
    return form


def _same(name: str, typed: str | None, held: str) -> bool:
    if name == "value":
        return amount_from(typed) == amount_from(held)
    return (typed or "").replace("\r\n", "\n").strip() == held.strip()


def _in_words(field: Field, card: Card) -> str:
    match field.name:
        case "value":
            return money(card.value)
        case "expected_close":
            return date_text(card.expected_close)
        case "owner":
            return str({choice.value: choice.label for choice in field.choices}.get(str(card.owner_id), ""))
    return card.notes
