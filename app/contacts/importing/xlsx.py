"""An XLSX file as CSV, read by a process that has its own limits of memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from flask_babel import lazy_gettext as _l

from app.contacts.importing.layout import EMPTY, NOT_CSV, TOO_WIDE
from app.core.errors import Invalid, Text, Unavailable

READER = Path(__file__).with_name("xlsx_reader.py")
WAIT_S = 90  # for the reader, which has a minute of processor time
TURN_S = 30  # for the reader of somebody else's file
AT_ONCE = 2
SAVE_AS_CSV = _l("The sheet is too large to be read here. Save it as CSV: a CSV may have a million rows.")
WORDS: dict[str, Text] = {
    "large": SAVE_AS_CSV,
    "memory": SAVE_AS_CSV,
    "rows": _l("The sheet has more than 200,000 rows. Save it as CSV: a CSV may have a million."),
    "columns": TOO_WIDE,
    "broken": NOT_CSV,
    "bomb": _l("The file unpacks to far more than it is: it is not a spreadsheet that a program saved."),
    "entities": _l("The file has definitions that no spreadsheet program writes. Save it anew, or as CSV."),
}
_turns = threading.BoundedSemaphore(AT_ONCE)


def to_csv(source: Path, target: Path) -> int:
    """Writes the first sheet with rows to `target` (UTF-8, commas, CRLF), header included; returns how many records.
    Raises Invalid in words, Unavailable when others' files take too long."""
    if not _turns.acquire(timeout=TURN_S):
        raise Unavailable(TURN_S)
    try:
        done = subprocess.run(  # noqa: S603 - our own program, on files named by us
            [sys.executable, "-I", str(READER), str(source), str(target)],
            capture_output=True, timeout=WAIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Invalid({"file": [SAVE_AS_CSV]}) from None
    finally:
        _turns.release()
    said = _said(done.stdout)
    if "refused" in said:
        raise Invalid({"file": [WORDS[said["refused"]]]})
    if done.returncode or "rows" not in said:  # ended by its limits
        raise Invalid({"file": [SAVE_AS_CSV]})
    if not said["rows"]:
        raise Invalid({"file": [EMPTY]})
    return int(said["rows"])


def _said(output: bytes) -> dict[str, str]:
    try:
        found = json.loads(output.splitlines()[-1])
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
