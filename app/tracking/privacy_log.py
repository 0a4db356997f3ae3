"""The lines of the event log that belong to a person's events: kept as facts, without what leads to the person."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Set
from datetime import datetime, timedelta
from pathlib import Path

from app.core.settings import Settings
from app.tracking.log_file import PREFIX

log = logging.getLogger(__name__)
REQUEST_ID = re.compile(rb'"request_id":"(track_[0-9a-f]{32})"')
LEADING = ("clickId", "contentId")


def forget(
    settings: Settings, request_ids: Set[str], since: datetime, between: Callable[[], None] = lambda: None
) -> int:
    """Takes click and content ids out of the lines of these events, the first of which was accepted at `since`, in this
    machine's files; how many lines changed. Lines keep their length, so that others may go on appending meanwhile.
    `between` is called before each file, which may take a second."""
    wanted = {id_.encode() for id_ in request_ids}
    first = (since - timedelta(days=1)).date().isoformat()  # of whatever zone the files are
    files = [file for file in settings.logs_dir.glob(f"{PREFIX}*.log") if file.name.removeprefix(PREFIX) >= first]
    changed = 0
    for file in sorted(files):
        between()
        changed += _rewritten(file, wanted)
    return changed


def _rewritten(path: Path, wanted: Set[bytes]) -> int:
    changed = 0
    try:
        with path.open("r+b", buffering=0) as file:
            for offset, line in _lines_of(path, wanted):
                if shorter := _without_person(line):
                    os.pwrite(file.fileno(), shorter.ljust(len(line)), offset)
                    changed += 1
    except OSError as error:
        log.warning("the event log could not be rewritten: %s", error.strerror)
        raise
    return changed


def _lines_of(path: Path, wanted: Set[bytes]) -> Iterator[tuple[int, bytes]]:
    """Where each wanted line begins, and the line without its end."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            found = REQUEST_ID.search(line)
            if found and found[1] in wanted:
                yield offset, line.rstrip(b"\n")
            offset += len(line)


def _without_person(line: bytes) -> bytes | None:
    """None for a line that has nothing to lose, or that nobody can read."""
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not any(fields.get(name) for name in LEADING):
        return None
    fields["clickId"] = None
    fields.pop("contentId", None)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
