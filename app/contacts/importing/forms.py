"""The forms of the wizard: the file, and what its columns mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, DateInput, ListWidget

from app.accounts.forms import REQUIRED, Form, trimmed
from app.contacts.consent.states import Channel
from app.contacts.fields.models import CustomField
from app.contacts.importing.columns import MEANS_SEVERAL
from app.contacts.importing.fitting import MAX_DETAIL, MAX_VERSION, UNREACHABLE
from app.contacts.importing.plan import CUSTOM, Answer, ConsentAnswer, Mode, Plan, Target
from app.contacts.importing.words import ANSWERS, CHANNELS, MODES, TARGETS
from app.contacts.models import Category
from app.core.errors import Invalid
from app.core.ids import to_uuid
from app.core.schema import CONTROLS

MAX_TAGS_TEXT = 2_000
SEPARATORS = re.compile(r"[,;\n]")
FIELD_OF = {  # by names of the wire
    "channels": "consent_channels",
    "detail": "consent_detail",
    "on": "consent_on",
    "textVersion": "consent_version",
    "categoryIds": "category_ids",
}
TWICE = _l("Another column has this meaning too.")


def plain(_form: Form, field: Any) -> None:
    if CONTROLS.search(field.data or ""):
        raise ValidationError(_("Control characters are not allowed."))


def checkboxes(label: Any, choices: Iterable[SelectChoice] = ()) -> SelectMultipleField:
    widget = ListWidget(prefix_label=False)
    return SelectMultipleField(label, choices=list(choices), widget=widget, option_widget=CheckboxInput())


def _choices_of(words: Mapping[str, Any]) -> list[SelectChoice]:
    return [SelectChoice(str(key), word) for key, word in words.items()]


class UploadForm(Form):
    file = FileField(_l("File of contacts"), [FileRequired(_l("Choose a file."))])


class PlanForm(Form):
    """What goes for all rows. The columns are added by `columns_form`, as `column_<place>`."""

    is_remembered = False  # whether the columns are as they were chosen for another file of the same header
    mode = RadioField(_l("When somebody is there already"), [InputRequired(REQUIRED)], choices=_choices_of(MODES))
    only_empty = BooleanField(_l("Fill in only what the contact lacks"))
    tags = StringField(_l("Tags for all"), [Length(max=MAX_TAGS_TEXT), plain], filters=[trimmed])
    category_ids = checkboxes(_l("Categories for all"))
    consent_answer = RadioField(
        _l("May these people be sent marketing?"),
        [InputRequired(_l("Answer this question."))],
        choices=_choices_of(ANSWERS),
    )
    consent_channels = checkboxes(_l("By which channels"), _choices_of(CHANNELS))
    consent_detail = StringField(_l("Where they agreed"), [Length(max=MAX_DETAIL), plain], filters=[trimmed])
    consent_on = DateField(_l("When they agreed"), [Optional()], widget=DateInput())
    consent_version = StringField(
        _l("Version of the text they agreed to"), [Length(max=MAX_VERSION), plain], filters=[trimmed]
    )

    @property
    def column_fields(self) -> list[Any]:
        """In the order of the file."""
        return [field for name, field in self._fields.items() if name.startswith("column_")]

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        chosen = [field.data for field in self.column_fields if field.data]
        twice = {target for target, times in Counter(chosen).items() if times > 1} - MEANS_SEVERAL
        for field in self.column_fields:
            if field.data in twice:
                field.errors = [*field.errors, str(TWICE)]
        if not {Target.PHONE, Target.EMAIL} & set(chosen):
            self.form_errors.append(str(UNREACHABLE))
            return False
        return is_valid and not twice

    def plan(self) -> Plan:
        """What the service checks."""
        return Plan(
            columns={place: field.data for place, field in enumerate(self.column_fields) if field.data},
            consent=self.consent(),
            mode=Mode(self.mode.data),
            only_empty=self.mode.data == Mode.UPDATE and bool(self.only_empty.data),
            tags=split_tags(self.tags.data),
            categories=tuple(id_ for id_ in map(to_uuid, self.category_ids.data or ()) if id_ is not None),
        )

    def consent(self) -> ConsentAnswer:
        """Proof goes with a yes alone."""
        if self.consent_answer.data == Answer.NONE:
            return ConsentAnswer(Answer.NONE)
        return ConsentAnswer(
            Answer.GRANTED,
            tuple(Channel(one) for one in self.consent_channels.data or ()),
            detail=self.consent_detail.data or "",
            on=self.consent_on.data,
            text_version=self.consent_version.data or None,
        )

    def refuse(self, error: Invalid) -> None:
        self.reject(error, FIELD_OF)


def columns_form(
    columns: Sequence[str], fields: Sequence[CustomField], categories: Sequence[Category], begins: Mapping[str, Any]
) -> PlanForm:
    """The form of a file with these columns. `begins`: what it holds before somebody posts it, by name."""
    meanings = _meanings(fields)
    selects = {f"column_{place}": SelectField(name, choices=meanings) for place, name in enumerate(columns)}
    form: PlanForm = type("ColumnsForm", (PlanForm,), selects)(data=dict(begins))
    form.category_ids.choices = [SelectChoice(str(category.id), category.name) for category in categories]
    return form


def plan_values(plan: Plan) -> dict[str, Any]:
    """What the form of a file begins with, once somebody chose."""
    consent = plan.consent
    return {
        "mode": str(plan.mode),
        "only_empty": plan.only_empty,
        "tags": ", ".join(plan.tags),
        "category_ids": [str(id_) for id_ in plan.categories],
        "consent_answer": str(consent.answer),
        "consent_channels": [str(channel) for channel in consent.channels],
        "consent_detail": consent.detail,
        "consent_on": consent.on,
        "consent_version": consent.text_version or "",
    }


def _meanings(fields: Sequence[CustomField]) -> list[SelectChoice]:
    """In groups."""
    own, built_in = _("Custom fields"), _("Contact")
    return [
        SelectChoice("", _("Leave out")),
        *(SelectChoice(str(target), word, optgroup=built_in) for target, word in TARGETS.items()),
        *(SelectChoice(f"{CUSTOM}{field.key}", field.label, optgroup=own) for field in fields),
    ]


def split_tags(text: str | None) -> tuple[str, ...]:
    """By commas and semicolons, each once."""
    return tuple(dict.fromkeys(tag.strip() for tag in SEPARATORS.split(text or "") if tag.strip()))
