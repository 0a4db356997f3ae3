"""Files that come with a form (multipart/form-data) to the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END
from typing import IO, TypeVar

from flask import request
from pydantic import BaseModel

from app.core.bodies import FORM_SLACK
from app.core.errors import Invalid, Malformed, TooLarge, UnsupportedType
from app.core.jsonbody import check_content_encoding
from app.core.schema import refuse_control_characters, validate_query

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file: `name` is what the caller says, which nothing may trust. A large one lies on the disk: read its `stream`
    part by part."""

    name: str
    stream: IO[bytes]

    @property
    def content(self) -> bytes:
        """All of it, in memory."""
        self.stream.seek(0)
        return self.stream.read()

    @property
    def size(self) -> int:
        """In bytes; leaves the stream at its beginning."""
        size = self.stream.seek(0, SEEK_END)
        self.stream.seek(0)
        return size


def read_form(model: type[M], file: str, limit: int) -> tuple[Upload, M]:
    """The one file of this name, at most `limit` bytes, and the other fields of the request's form. Raises
    UnsupportedType, TooLarge, Malformed or Invalid."""
    if request.mimetype != "multipart/form-data" or "boundary" not in request.mimetype_params:
        raise UnsupportedType("Content-Type must be multipart/form-data")
    check_content_encoding(request.headers.get("Content-Encoding"))
    if (request.content_length or 0) > limit + FORM_SLACK:
        raise TooLarge(_too_large(file, limit))
    request.max_content_length = limit + FORM_SLACK
    upload = _only_file(file)
    if upload.size > limit:
        raise TooLarge(_too_large(file, limit))
    pairs = list(_fields())
    refuse_control_characters(dict(pairs))
    return upload, validate_query(model, pairs)


def _only_file(name: str) -> Upload:
    if None in request.files or None in request.form:  # Werkzeug keeps parts without a name under None
        raise Malformed("A part of the form has no name")
    sent = [part for key, part in request.files.items(multi=True) if key == name]
    if unknown := next((key for key in request.files if key != name), None):
        raise Invalid({unknown[:100]: ["Unknown field"]}, "The form has a file that is not asked for")
    if not sent:
        raise Invalid({name: ["Missing"]}, f"Missing {name}: a file in multipart/form-data")
    if len(sent) > 1:
        raise Invalid({name: ["Given more than once"]}, f"{name} is given more than once: send one file at a time")
    return Upload(sent[0].filename or "", sent[0].stream)


def _fields() -> Iterator[tuple[str, str]]:
    for name, value in request.form.items(multi=True):
        if "\0" in name or "\0" in value:
            raise Malformed("The form has a NUL character")
        yield name, value


def _too_large(file: str, limit: int) -> str:
    return f"{file} is larger than {limit} bytes"
