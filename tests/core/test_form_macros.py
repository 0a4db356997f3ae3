"""What a form's macro prints for each kind of error that a field may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import render_template_string
from flask_babel import lazy_gettext as _l
from wtforms import Form, StringField

from tests.page_app import gallery_app

FIELD = '{% from "ui/form.html" import field %}{{ field(form.name) }}'


class OneField(Form):  # type: ignore[misc]
    name = StringField("Name")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("Too <b>long</b>", "Too &lt;b&gt;long&lt;/b&gt;"),
        (_l("Not found"), "Não encontrado"),
        (["nested"], "Confira este campo."),
        ({"street": ["nested"]}, "Confira este campo."),
    ],
)
def test_error_is_shown_in_words(tmp_path: Path, error: Any, shown: str) -> None:
    form = OneField()
    form.name.errors = [error]
    with gallery_app(tmp_path).test_request_context():
        text = render_template_string(FIELD, form=form)
    assert shown in text
    assert "nested" not in text
