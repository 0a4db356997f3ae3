"""JSON as JavaScript prints it: by a table from ECMA-262, and by node itself where it is at hand."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.json_text import stringify

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)  # halves of surrogate pairs too
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
KEYS = ANY_TEXT | st.integers(0, 2**33).map(str) | st.sampled_from(["01", "-1", "1.0", "٣", "4294967294", "4294967295"])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
TABLE: list[tuple[Any, str]] = [
    (5.0, "5"),
    (-0.0, "0"),
    (0.1, "0.1"),
    (-1.5, "-1.5"),
    (1e16, "10000000000000000"),
    (1e20, "100000000000000000000"),
    (1e21, "1e+21"),
    (1.25e21, "1.25e+21"),
    (123456789012345680000, "123456789012345680000"),
    (2**53 + 1, "9007199254740992"),
    (0.000001, "0.000001"),
    (1e-7, "1e-7"),
    (1.5e-10, "1.5e-10"),
    (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (Decimal("50.00"), "50"),
    (Decimal("0.10"), "0.1"),
    (True, "true"),
    (None, "null"),
    ({"b": 1, "10": 2, "9": 3, "01": 4, "a": 5}, '{"9":3,"10":2,"b":1,"01":4,"a":5}'),
    ({"4294967295": 1, "4294967294": 2}, '{"4294967294":2,"4294967295":1}'),
    ("São 🎉 \u2028\u2029 </script>", '"São 🎉 \u2028\u2029 </script>"'),
    ('"\\\b\f\n\r\t\x00\x1f\x7f', '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f"'),
    ("a\ud800b", '"a\\ud800b"'),
    ("\udfff", '"\\udfff"'),
    ([[], {}, (1, "x")], '[[],{},[1,"x"]]'),
]
ECHO = """
require('readline').createInterface({input: process.stdin}).on('line', (line) => {
  process.stdout.write(JSON.stringify(JSON.stringify(JSON.parse(line))).replace(/[^ -~]/g,
    (unit) => '\\\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0')) + '\\n');
});
"""
Node = tuple[IO[str], IO[str]]


@pytest.fixture(scope="module")
def node() -> Iterator[Node | None]:
    """One process that prints each line's value again; None where there is none."""
    program = shutil.which("node")
    if program is None:
        print("node is not on this machine: the table alone speaks")
        yield None
        return
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([program, "-e", ECHO], text=True, encoding="ascii", **pipes) as process:  # type: ignore[call-overload]
        yield process.stdin, process.stdout
        process.kill()


def as_node_prints(node: Node, value: Any) -> str:
    node[0].write(json.dumps(value) + "\n")
    node[0].flush()
    text: str = json.loads(node[1].readline())
    return text


@pytest.mark.parametrize(("value", "text"), TABLE, ids=[repr(text)[:40] for _value, text in TABLE])
def test_a_value_is_printed_as_javascript_prints_it(node: Node | None, value: Any, text: str) -> None:
    assert stringify(value) == text
    if node is not None and not isinstance(value, Decimal):
        assert as_node_prints(node, value) == text


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_any_value_comes_back_and_is_what_node_prints(node: Node | None, value: Any) -> None:
    text = stringify(value)
    assert stringify(json.loads(text)) == text
    if node is not None:
        assert as_node_prints(node, value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("-Infinity"), [float("-inf")]])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no such number"):
        stringify(value)


@pytest.mark.parametrize("value", [b"x", {1: 2}, {None: 1}, {1, 2}])
def test_what_json_has_not_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        stringify(value)
