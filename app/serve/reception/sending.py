"""Answers of Flask on their way out: a large one through a file, or a slow reader would hold all of it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

IN_MEMORY = 1024 * 1024  # bytes; what is handed to the server is kept there until its reader has taken it
KEPT_S = 60.0  # the server opens the file at once; then its name is not needed any more
GONE = (ProtocolClosed, ProtocolError)  # the caller has
Head = tuple[int, list[tuple[str, str]]]


def send(proto: Any, heads: Sequence[Head], parts: Iterable[bytes]) -> Path | None:
    """Hands an answer to the server. Gives the file it is sent from, which is to go after KEPT_S, if there is one. A
    caller who has gone away is no error."""
    answer = _gathered(iter(parts))
    status, headers = heads[0]  # an app may say them as late as with its first part
    with suppress(*GONE):
        if isinstance(answer, Path):
            proto.response_file(status, headers, str(answer))
        elif answer:
            proto.response_bytes(status, headers, answer)
        else:
            proto.response_empty(status, headers)
    return answer if isinstance(answer, Path) else None


def _gathered(parts: Iterator[bytes]) -> bytes | Path:
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size > IN_MEMORY:
            return _in_file(held, parts)
    return b"".join(held)


def _in_file(held: list[bytes], parts: Iterator[bytes]) -> Path:
    with NamedTemporaryFile(prefix="kalitrack-answer-", delete=False) as file:
        path = Path(file.name)
        try:
            file.writelines(held)
            file.writelines(parts)
        except BaseException:
            path.unlink()
            raise
    return path
