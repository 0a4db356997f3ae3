"""The form that merges two contacts: which of them, as they were seen; what is taken comes as `side-<field>`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wtforms import HiddenField

from app.accounts.forms import Form

SIDE = "side-"
OTHER = "other"


class MergeForm(Form):
    other = HiddenField()
    version = HiddenField()
    other_version = HiddenField()


def taken(typed: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """The fields for which the other side was picked."""
    return [name for name in names if typed.get(SIDE + name) == OTHER]
