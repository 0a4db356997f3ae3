"""What a row says, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.importing.judge import MAX_GROUPS, Candidate, Judge, Seen
from app.contacts.importing.plan import Answer, ConsentAnswer, Plan
from app.contacts.importing.reasons import SKIPS, WORDS, Problem, Reason
from app.contacts.importing.rows import Row

FIELDS = [CustomField(key="idade", label="Idade", kind=FieldKind.NUMBER, options=[])]


def judge_of(*targets: str) -> Judge:
    plan = Plan(dict(enumerate(targets)), ConsentAnswer(Answer.NONE))
    return Judge(plan, len(targets), FIELDS, "55")


def read(targets: str, *cells: str) -> Candidate | Problem:
    return judge_of(*targets.split()).read(Row(1, list(cells)))


@pytest.mark.parametrize(
    ("targets", "cells", "values"),
    [
        ("name phone", ("  Ana   Lima ", "(11) 98765-4321"), {"name": "Ana Lima", "phone": "+5511987654321"}),
        ("phone", ("11987654321.0",), {"phone": "+5511987654321", "phone_raw": "11987654321"}),
        ("phone", ('="11987654321"',), {"phone": "+5511987654321", "phone_key": "551187654321"}),
        ("last_name email first_name", ("Lima", " ANA@X.com.br", "Ana"), {"name": "Ana Lima", "email": "ana@x.com.br"}),
        ("name first_name email", ("Ana Lima", "Ana", "a@b.co"), {"name": "Ana Lima"}),
        ("email locale company", ("a@b.co", "pt-BR", "Acme"), {"locale": "pt_BR", "company": "Acme"}),
        ("email name", ("a@b.co",), {"email": "a@b.co"}),
        ("email", ("a@b.co", "", " "), {"email": "a@b.co"}),
    ],
)
def test_a_good_row_gives_columns(targets: str, cells: tuple[str, ...], values: dict[str, Any]) -> None:
    found = read(targets, *cells)
    assert isinstance(found, Candidate)
    assert values.items() <= found.values.items()
    assert "" not in found.values.values()


@pytest.mark.parametrize(
    ("targets", "cells", "reason", "column"),
    [
        ("name phone", ("Ana", "5,51199E+12"), Reason.PHONE_SHORTENED, 1),
        ("phone", ("5.51E+12",), Reason.PHONE_SHORTENED, 0),
        ("phone", ("123",), Reason.PHONE, 0),
        ("phone", ("1198\x00765 4321",), Reason.PHONE, 0),
        ("email phone", ("ana at example", "11987654321"), Reason.EMAIL, 0),
        ("name email", ("x" * 201, "a@b.co"), Reason.NAME, 0),
        ("name email", ("a\u202eb", "a@b.co"), Reason.NAME, 0),
        ("name email", ("\u200b", "a@b.co"), Reason.NAME, 0),
        ("email company", ("a@b.co", "x" * 201), Reason.COMPANY, 1),
        ("email locale", ("a@b.co", "klingon"), Reason.LOCALE, 1),
        ("email do_not_contact", ("a@b.co", "talvez"), Reason.DO_NOT_CONTACT, 1),
        ("email tags", ("a@b.co", "x" * 61), Reason.TAGS, 1),
        ("email category", ("a@b.co", "x" * 81), Reason.CATEGORY, 1),
        ("email custom:idade", ("a@b.co", "velho"), Reason.CUSTOM, 1),
        ("email", ("a@b.co", "more"), Reason.TOO_MANY_CELLS, None),
        ("name email", ("Ana",), Reason.NOBODY, None),
    ],
)
def test_a_wrong_row_says_why_and_where(targets: str, cells: tuple[str, ...], reason: Reason, column: Any) -> None:
    assert read(targets, *cells) == Problem(1, reason, column)


def test_tags_categories_fields_and_a_no_are_read() -> None:
    found = read(
        "email tags tags category custom:idade do_not_contact", "a@b.co", "VIP, sp;vip", "rj", " A  B ", "3", "Sim"
    )
    assert isinstance(found, Candidate)
    assert (found.tags, found.category, found.custom, found.is_denied) == (
        ("vip", "sp", "rj"),
        "A B",
        {"idade": 3},
        True,
    )


def test_a_person_comes_once_by_phone_with_or_without_the_ninth_digit_or_by_address() -> None:
    judge = judge_of("phone", "email")
    rows = [("11987654321", "a@b.co"), ("1187654321", ""), ("21987654321", "a@b.co"), ("", "a@b.co"), ("", "c@b.co")]
    found = [judge.read(Row(number, list(cells))) for number, cells in enumerate(rows, 1)]
    assert [one.reason if isinstance(one, Problem) else None for one in found] == [
        None, Reason.REPEATED, None, Reason.REPEATED, None,
    ]  # fmt: skip


def test_a_column_of_something_else_makes_no_thousand_tags_or_categories() -> None:
    for target in ("tags", "category"):
        judge = judge_of("email", target)
        found = [judge.read(Row(n, [f"a{n}@b.co", f"g{n}"])) for n in range(MAX_GROUPS + 1)]
        assert found[-1] == Problem(MAX_GROUPS, Reason.TOO_MANY_GROUPS, 1)
        assert isinstance(judge.read(Row(9_999, ["z@b.co", "g1"])), Candidate)


def test_many_texts_are_each_seen_once() -> None:
    seen = Seen()
    assert all(seen.add(str(number)) for number in range(5_000))
    assert not any(seen.add(str(number)) for number in range(5_000))


def test_every_reason_has_words_and_fits_its_column() -> None:
    assert set(WORDS) == set(Reason)
    assert set(Reason) > SKIPS
    assert max(map(len, Reason)) <= 24
