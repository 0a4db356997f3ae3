"""The form that puts many contacts into a funnel: whom, where, and what their cards begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from app.accounts.forms import Form
from app.contacts.listing import Options
from app.core.list_filters import Choice
from app.funnels.cards.amounts import amount_from
from app.funnels.cards.forms import Amount
from app.funnels.owners import NOBODY

OWN = "own"
WIRE_NAMES = {"segmentId": "segment", "categoryId": "category", "stageId": "stage", "ownerId": "owner"}
WHOM = {"segmentId": "segment", "categoryId": "category", "tag": "tag"}


class AddingForm(Form):
    segment = SelectField(_l("Segment"), id="adding-segment", validate_choice=False)
    category = SelectField(_l("Category"), id="adding-category", validate_choice=False)
    tag = StringField(_l("Tag"), id="adding-tag")
    stage = SelectField(_l("Stage"), id="adding-stage", validate_choice=False)
    owner = SelectField(_l("Owner"), id="adding-owner", validate_choice=False)
    value = Amount(_l("Value of each card"), id="adding-value", render_kw={"inputmode": "decimal"})

    def offer(self, options: Options, stages: Iterable[Choice]) -> None:
        categories = [(str(one.id), one.name) for one in options.categories]
        self.segment.choices = [SelectChoice("", "–"), *(SelectChoice(*pair) for pair in options.segments)]
        self.category.choices = [SelectChoice("", "–"), *(SelectChoice(*pair) for pair in categories)]
        self.stage.choices = [SelectChoice(*pair) for pair in stages]
        self.owner.choices = [
            SelectChoice(OWN, _("Each contact's own")),
            SelectChoice(NOBODY, _("Nobody")),
            *(SelectChoice(*pair) for pair in options.owners),
        ]

    def show(self, args: Mapping[str, str]) -> None:
        """What a link leads here with."""
        for name in (*WHOM.values(), "stage"):
            self[name].data = args.get(name, "")
        self.owner.data = OWN

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        chosen = {"stageId": self.stage.data or "", "value": amount_from(self.value.data)}
        owner = self.owner.data or OWN
        return chosen if owner == OWN else chosen | {"ownerId": "" if owner == NOBODY else owner}


def whom(given: Mapping[str, str]) -> dict[str, str | None]:
    """What a query or a form says of whom, as `whom.filters_of` takes it."""
    return {wire: given.get(name) for wire, name in WHOM.items()}
