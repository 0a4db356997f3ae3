"""The grammar of rules: what is read, what is refused and where."""

from __future__ import annotations

import contextlib
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contacts.segments import builder, checking
from app.contacts.segments.catalog import FIXED, THINGS, Field, Kind, Known
from app.contacts.segments.rule import Op, parse, to_json
from app.core.errors import Invalid

NAME = {"field": "name", "op": "contains", "value": "Ana"}
VIP = "0198f0b0-0000-7000-8000-000000000001"
OWN = [
    Field("custom:points", Kind.NUMBER, "Points", can_lack=True),
    Field("custom:size", Kind.CHOICE, "Size", {"P": "P", "Única": "Única"}, can_lack=True),
    Field("custom:vip", Kind.YES_NO, "VIP", can_lack=True),
    Field("custom:ends", Kind.DATE, "Ends", can_lack=True),
]
KNOWN = Known(
    {one.name: one for one in (*FIXED, *OWN)},
    "55",
    ZoneInfo("America/Sao_Paulo"),
    {kind: {VIP: "VIP"} for kind in THINGS},
    {"vip": VIP},
)


def nested(depth: int) -> dict[str, Any]:
    return {"not": nested(depth - 1)} if depth > 1 else NAME


def read(given: Any) -> dict[str, Any]:
    return to_json(checking.check(parse(given), KNOWN))


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ([], "rule"),
        ({}, "rule"),
        ("all", "rule"),
        ({"all": [NAME], "any": [NAME]}, "rule"),
        ({"every": [NAME]}, "rule"),
        ({"all": []}, "rule.all"),
        ({"all": NAME}, "rule.all"),
        ({"all": [NAME] * 51}, "rule.all"),
        ({"all": [{"any": [NAME] * 26}, {"any": [NAME] * 25}]}, "rule"),
        ({"any": [NAME, {"not": None}]}, "rule.any.1.not"),
        (nested(6), "rule.not.not.not.not.not"),
        ({**NAME, "also": 1}, "rule"),
        ({**NAME, "field": ["name"]}, "rule.field"),
        ({**NAME, "op": {}}, "rule.op"),
        ({**NAME, "op": "like"}, "rule.op"),
        ({**NAME, "field": "segment"}, "rule.field"),
        ({**NAME, "field": "custom:unknown"}, "rule.field"),
        ({**NAME, "op": "before"}, "rule.op"),
        ({**NAME, "value": 3}, "rule.value"),
        ({**NAME, "value": " "}, "rule.value"),
        ({**NAME, "value": "\u0301"}, "rule.value"),
        ({**NAME, "value": "a\0"}, "rule.value"),
        ({**NAME, "value": "x" * 201}, "rule.value"),
        ({"all": [NAME, {"field": "phone", "op": "is", "value": "12"}]}, "rule.all.1.value"),
        ({"field": "phone", "op": "contains", "value": "abc"}, "rule.value"),
        ({"field": "tag", "op": "has", "value": "unknown"}, "rule.value"),
        ({"field": "category", "op": "has", "value": "vip"}, "rule.value"),
        ({"field": "owner", "op": "is", "value": VIP.replace("1", "2")}, "rule.value"),
        ({"field": "whatsappConsent", "op": "is", "value": "maybe"}, "rule.value"),
        ({"field": "createdAt", "op": "before", "value": "soon"}, "rule.value"),
        ({"field": "createdAt", "op": "before", "value": "0001-01-01"}, "rule.value"),
        ({"field": "createdAt", "op": "on", "value": 20261121}, "rule.value"),
        ({"field": "createdAt", "op": "never"}, "rule.op"),
        ({"field": "createdAt", "op": "within_days", "value": 0}, "rule.value"),
        ({"field": "createdAt", "op": "over_days", "value": 1.5}, "rule.value"),
        ({"field": "custom:points", "op": "less", "value": "many"}, "rule.value"),
        ({"field": "custom:points", "op": "between", "value": [3, 1]}, "rule.value"),
        ({"field": "custom:points", "op": "between", "value": [3]}, "rule.value"),
        ({"field": "custom:points", "op": "is", "value": "9" * 5000}, "rule.value"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(rule: Any, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(rule)
    assert list(refused.value.fields) == [place]


@pytest.mark.parametrize(
    ("leaf", "kept"),
    [
        (("phone", "is", "(11) 98765-4321"), "+5511987654321"),
        (("phone", "contains", "98765-4321"), "987654321"),
        (("tag", "has", "vip"), VIP),
        (("tag", "has", VIP), VIP),
        (("custom:points", "is", "1.234,5"), 1234.5),
        (("custom:points", "between", ["1", 2]), [1, 2]),
        (("custom:size", "is", "unica"), "Única"),
        (("custom:vip", "is", "sim"), True),
        (("custom:ends", "before", "21/11/2026"), "2026-11-21"),
        (("createdAt", "after", "2026-11-21"), "2026-11-21"),
        (("createdAt", "after", "2026-11-21T10:00"), "2026-11-21T13:00:00+00:00"),
    ],
)
def test_a_value_is_kept_in_one_form(leaf: tuple[str, str, Any], kept: Any) -> None:
    name, op, value = leaf
    assert read({"field": name, "op": op, "value": value}) == {"field": name, "op": op, "value": kept}
    assert read({"field": name, "op": op, "value": kept})["value"] == kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([*Op, VIP]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "op", "value"]), inner, max_size=3)
        | st.builds(
            lambda name, op, value: {"field": name, "op": op, "value": value},
            st.sampled_from([*KNOWN.fields]),
            st.sampled_from([*Op]),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_json_is_a_rule_or_refused_in_words(given: Any) -> None:
    with contextlib.suppress(Invalid):
        kept = read(given)
        assert read(kept) == kept


@pytest.mark.parametrize(
    "rule",
    [
        {"all": [NAME, {"not": NAME}, {"any": [NAME, {"field": "tag", "op": "has_not", "value": VIP}]}]},
        {"any": [{"field": "custom:points", "op": "between", "value": [1, 2.5]}]},
        {
            "all": [
                {"not": {"field": "lastInboundAt", "op": "never"}},
                {"field": "custom:vip", "op": "is", "value": True},
            ]
        },
    ],
)
def test_the_page_says_back_what_it_shows(rule: dict[str, Any]) -> None:
    built = builder.from_node(checking.check(parse(rule), KNOWN))
    assert built is not None
    assert read(built.rule()[0]) == rule


@pytest.mark.parametrize("rule", [nested(3), {"all": [{"any": [{"all": [NAME]}]}]}, {"not": {"all": [NAME]}}])
def test_a_rule_deeper_than_the_page_is_left_alone_by_it(rule: dict[str, Any]) -> None:
    assert builder.from_node(parse(rule)) is None
