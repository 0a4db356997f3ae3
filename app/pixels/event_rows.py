"""The rows of a pixel's own event names: ours and the platform's, checked one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, SelectField, StringField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice

from app.destinations.names import META_STANDARD, NEUTRAL
from app.pixels import options

MAX_DIGITS = 3  # of a row's number: a form may name any


class SelectAny(SelectField):  # type: ignore[misc]
    """Keeps what was posted, so that a name which nobody knows is shown with its error; the rows judge it."""

    def __init__(self, label: Any = None, *, empty: Any = "", **kwargs: Any) -> None:
        self._offered = [SelectChoice("", empty), *(SelectChoice(name, name) for name in NEUTRAL)]
        super().__init__(label, validate_choice=False, choices=self._offered, **kwargs)

    def iter_choices(self) -> Iterator[Any]:
        if self.data and self.data not in NEUTRAL:
            self.choices = [*self._offered, SelectChoice(self.data, self.data)]
        return cast(Iterator[Any], super().iter_choices())


class MetaRow(PlainForm):  # type: ignore[misc]
    name = SelectAny(_l("Our event"), empty=_l("Our event…"))
    own = StringField(_l("Meta's name"))


class KwaiRow(PlainForm):  # type: ignore[misc]
    name = SelectAny(_l("Our event"), empty=_l("Our event…"))
    own = SelectAny(_l("Kwai's name"), empty=_l("Kwai's name…"))


class EventRows(FieldList):  # type: ignore[misc]
    """Works without JavaScript: a further row is a form sent back with one more."""

    def __init__(self, row: type[PlainForm], label: Any, **kwargs: Any) -> None:
        super().__init__(FormField(row), label, max_entries=options.MAX_NAMES, **kwargs)

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        """The numbers of the rows that were posted; WTForms would trip over `²` and over a million digits."""
        start = f"{prefix}-"
        for key in formdata:
            number = key[len(start) :].partition("-")[0] if key.startswith(start) else ""
            if number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS:
                yield int(number)

    def show(self, event_map: dict[str, str] | None) -> None:
        while self.entries:
            self.pop_entry()
        for name, own in (event_map or {}).items():
            self.append_entry({"name": name, "own": own})

    def add(self) -> None:
        """An empty row at the end, unless there are as many as a pixel takes."""
        if len(self.entries) < options.MAX_NAMES:
            self.append_entry()

    def remove(self, number: str) -> None:
        if number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS and int(number) < len(self.entries):
            self.pop_entry(int(number))

    def pairs(self) -> dict[str, str]:
        """Our name → the platform's; empty rows are left out."""
        found = {}
        for row in self.entries:
            name, own = _texts(row)
            if name or own:
                found[name] = own
        return found

    def check(self, platform: str) -> bool:
        """Puts a message beside what is wrong in each row; True when nothing is."""
        seen: dict[str, int] = {}
        is_good = True
        for number, row in enumerate(self.entries, 1):
            name, own = _texts(row)
            if not name and not own:
                continue
            wrong_name = _name_error(name, seen)
            wrong_own = options.own_name_error(platform, own)
            seen.setdefault(name, number)
            row.form["name"].errors = [wrong_name] if wrong_name else []
            row.form["own"].errors = [str(wrong_own)] if wrong_own else []
            is_good = is_good and not wrong_name and not wrong_own
        if not is_good:
            self.errors = [_("Correct the rows marked below.")]
        return is_good


def platform_names(platform: str, custom: Iterable[str]) -> list[str]:
    """What to suggest as the platform's name."""
    return list(dict.fromkeys([*META_STANDARD, *custom])) if platform == "facebook" else list(NEUTRAL)


def _texts(row: Any) -> tuple[str, str]:
    return (row.form["name"].data or "").strip(), (row.form["own"].data or "").strip()


def _name_error(name: str, seen: dict[str, int]) -> str | None:
    if not name:
        return str(_("Choose one of our events."))
    if name not in NEUTRAL:
        return str(_("Unknown event name: %(name)s", name=name[:64]))
    return str(_("Row %(row)d has this event already.", row=seen[name])) if name in seen else None
