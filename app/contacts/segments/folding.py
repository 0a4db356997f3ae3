"""Text folded by the database as `core.folding.fold` does it: without accents and case."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, String, case, func, literal_column


def folded(text: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    """`text` without accents and case, null where it is null. SQLite asks our own function (`core.db`). PostgreSQL
    composes it, and knows capitals as far as the database's locale does."""
    if dialect == "sqlite":
        return func.fold(text, type_=String())
    bare = func.regexp_replace(func.normalize(text, literal_column("NFKD")), _combining(), "", "g")
    lower = func.replace(func.lower(bare), "ß", "ss")
    is_ascii = func.octet_length(text) == func.char_length(text)
    return case((is_ascii, func.lower(text)), else_=lower)


@cache
def _combining() -> str:
    """A regular expression of all marks that `fold` drops, as ranges. Made when it is wanted: it takes a tenth of a
    second, and SQLite never asks."""
    marks = (point for point in range(sys.maxunicode + 1) if unicodedata.combining(chr(point)))
    runs = ([point for _at, point in run] for _key, run in groupby(enumerate(marks), lambda pair: pair[1] - pair[0]))
    return "[" + "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs) + "]"
