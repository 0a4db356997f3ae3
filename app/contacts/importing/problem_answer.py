"""Handing out the rows that were not taken."""

from __future__ import annotations

from flask import Response
from werkzeug.http import dump_options_header

from app.contacts.importing.models import ContactImport
from app.contacts.importing.problems import problem_file
from app.core.errors import NotFound
from app.core.runtime import runtime


def has_problems(row: ContactImport) -> bool:
    """Whether there is such a file (still)."""
    return bool(row.invalid) and row.wiped_at is None


def answer_problems(row: ContactImport, language: str) -> Response:
    """An attachment, read as it is sent. Raises NotFound when there is none, or none any more."""
    if not has_problems(row):
        raise NotFound
    file = problem_file(runtime().engine, row, language)
    response = Response(file.content, content_type=file.content_type)
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": file.filename})
    response.headers["Cache-Control"] = "private, no-store"
    return response
