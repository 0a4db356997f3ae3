"""Files as rows: numbers, limits, and what a broken line costs."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from app.contacts.importing.reasons import Reason
from app.contacts.importing.rows import MAX_CELL, MAX_CELLS, MAX_SPAN, Row, rows_in


def rows_of(text: str, encoding: str = "utf-8-sig", piece: int = 7, delimiter: str = ";") -> list[Row]:
    content = text.encode(encoding)
    return list(rows_in([content[at : at + piece] for at in range(0, len(content), piece)], encoding, delimiter))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_any_encoding_and_line_end_gives_the_same_rows_whatever_the_pieces(encoding: str) -> None:
    for end in ("\n", "\r\n", "\r"):
        found = rows_of(end.join(["", "nome;fone", "José;1", ";", '"Ana ""A""";2', ""]), encoding)
        assert [(row.number, row.cells) for row in found] == [(1, ["José", "1"]), (3, ['Ana "A"', "2"])]


def test_a_cell_may_hold_line_breaks_and_quotes_inside_words() -> None:
    assert [row.cells for row in rows_of('h;i\n"a\nb;c";1\n5" pipe;2\n')] == [["a\nb;c", "1"], ['5" pipe', "2"]]


def test_a_quote_that_nobody_closes_costs_its_own_line() -> None:
    text = 'h;i\n1;"x\n' + "2;y\n" * (MAX_SPAN * 2)
    found = rows_of(text, piece=1000)
    assert (found[0].problem, len(found)) == (Reason.UNREADABLE, MAX_SPAN * 2 + 1)
    assert rows_of('h;i\n1;"x\n2;y')[1].cells == ["2", "y"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (";".join(["x"] * (MAX_CELLS + 1)), Reason.TOO_MANY_CELLS),
        ("x" * (MAX_CELL + 1), Reason.CELL_TOO_LONG),
        ("x" * 70_000, Reason.UNREADABLE),
        ("a\ufffdb", Reason.ENCODING),
        ("a\0b", Reason.ENCODING),
    ],
)
def test_what_is_too_much_is_one_wrong_row(line: str, reason: Reason) -> None:
    found = rows_of(f"h;i\n{line}\n1;2\n", piece=50_000)
    assert [row.problem for row in found] == [reason, None]


def test_a_cell_of_a_hundred_megabytes_takes_no_memory() -> None:
    started = time.monotonic()
    tracemalloc.start()
    pieces = (piece for piece in [b"h;i\n1;", *[b"x" * 500_000] * 200, b"\n2;y\n"])
    found = list(rows_in(pieces, "utf-8", ";"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.problem for row in found] == [Reason.UNREADABLE, None]
    assert (peak < 5_000_000, time.monotonic() - started < 5) == (True, True)
