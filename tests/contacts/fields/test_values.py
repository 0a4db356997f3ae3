"""What each kind of field takes, and the form in which it is kept; keys made from labels."""

from __future__ import annotations

from typing import Any

import pytest

from app.contacts.fields import keys
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.fields.values import Wrong, clean

KEPT: list[tuple[str, Any, Any]] = [
    ("text", "  Ouro\nvelho ", "Ouro\nvelho"),
    ("text", " ", None),
    ("number", "1.234,5", 1234.5),
    ("number", "R$ 1.234.567", 1234567),
    ("number", "-1.234.567", -1234567),
    ("number", "1.5", 1.5),
    ("number", 7, 7),
    ("number", "2,0", 2),
    ("date", "1/2/2026", "2026-02-01"),
    ("date", "2026-02-01", "2026-02-01"),
    ("date", "2026-02-01 00:00:00", "2026-02-01"),
    ("date", "2026-02-01T10:00:00.000Z", "2026-02-01"),
    ("yes_no", "SIM", True),
    ("yes_no", "não", False),
    ("yes_no", True, True),
    ("choice", "ouro", "Ouro"),
]
REFUSED: list[tuple[str, Any]] = [
    ("text", 5), ("text", "x" * 1001), ("text", "a\u202eb"), ("number", "abc"), ("number", "1_000"), ("number", True),
    ("number", "NaN"), ("number", "1e400"), ("number", "9" * 5000), ("number", [1]), ("number", "1e-999999999x"),
    ("number", "1e999999999"), ("number", "-1e999999"),
    ("date", "31/02/2026"), ("date", "1/2/26"), ("date", "2026-02-01 abc"), ("date", "2026-13-01"),
    ("date", "20260201"), ("date", 5), ("date", "٣/٣/2026"), ("yes_no", "maybe"), ("yes_no", [1]), ("choice", "Bronze"),
    ("choice", 5),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "kept"), KEPT)
def test_a_value_is_kept_in_one_form(kind: str, given: Any, kept: Any) -> None:
    found = clean(CustomField(kind=kind, options=["Ouro", "Prata"]), given)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(("kind", "given"), REFUSED)
def test_a_value_of_another_kind_is_refused(kind: str, given: Any) -> None:
    assert kind in tuple(FieldKind)
    with pytest.raises(Wrong):
        clean(CustomField(kind=kind, options=["Ouro", "Prata"]), given)


KEYS = [
    ("Data de nascimento", "data_de_nascimento"),
    ("  É cliente? ", "e_cliente"),
    ("2ª via", "field_2a_via"),
    ("日本", "field"),
    ("Loja", "loja_3"),
    ("a" * 60, "a" * 40),
    ("b" * 60, "b" * 38 + "_2"),
]


@pytest.mark.parametrize(("label", "key"), KEYS)
def test_a_key_is_made_from_the_label(label: str, key: str) -> None:
    made = keys.proposed(label, {"loja", "loja_2", "b" * 40})
    assert made == key
    assert keys.KEY.fullmatch(made)
