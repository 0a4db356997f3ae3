"""Text folded by the database as `core.folding.fold` does it: without accents and case."""

from __future__ import annotations

import sys
import unicodedata
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, String, case, func, literal_column


def folded(text: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    """`text` without accents and case, null where it is null. SQLite asks our own function (`core.db`). PostgreSQL
    composes it, and knows capitals as far as the database's locale does."""
    if dialect == "sqlite":
        return func.fold(text, type_=String())
    bare = func.regexp_replace(func.normalize(text, literal_column("NFKD")), _MARKS, "", "g")
    lower = func.replace(func.lower(bare), "ß", "ss")
    is_ascii = func.octet_length(text) == func.char_length(text)
    return case((is_ascii, func.lower(text)), else_=lower)


def _combining() -> str:
    """A regular expression of all marks that `fold` drops, as ranges."""
    marks = (point for point in range(sys.maxunicode + 1) if unicodedata.combining(chr(point)))
    runs = ([point for _at, point in run] for _key, run in groupby(enumerate(marks), lambda pair: pair[1] - pair[0]))
    return "[" + "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs) + "]"


_MARKS = _combining()
