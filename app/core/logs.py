"""Logging: one JSON object a line in a file, one short line on stderr, both redacted, neither able to stop the app."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.core import clock
from app.core.redaction import MASK, is_sensitive, redact, scrub
from app.core.settings import Settings

MAX_BYTES = 20 * 1024 * 1024
KEEP_FILES = 30
MESSAGE_LIMIT = 4096
EXCEPTION_LIMIT = 16 * 1024
FILE_MODE = 0o640

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)  # of the exchange this thread answers
_bound: ContextVar[Mapping[str, Any]] = ContextVar("bound", default={})  # noqa: B039  # never changed, only replaced
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@contextlib.contextmanager
def bind(**fields: Any) -> Iterator[None]:
    """Adds fields (`request_id`, `delivery_id`, `account_id`, …) to every line logged inside, on this thread only."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def configure(settings: Settings, process_name: str) -> None:
    """Sends all logging of this process to stderr and to `<data_dir>/logs/app-<process_name>.log`.

    The name belongs to one process at a time: it alone rotates the file. Calling again replaces the former set-up.
    """
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setFormatter(ShortLine())
    file = FileLog(settings.logs_dir, f"app-{_file_part(process_name)}", ZoneInfo(settings.timezone))
    file.setFormatter(JsonLine())
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, ShortLine | JsonLine):
            root.removeHandler(old)
            old.close()
    root.addHandler(stderr)
    root.addHandler(file)
    root.setLevel(logging.INFO)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its lower levels print URLs
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


class JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {"at": _utc(record.created), "level": record.levelname, "logger": record.name, **told(record)}
        return _one_line(json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str))


class ShortLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = told(record)
        message, exception = fields.pop("message"), fields.pop("exception", None)
        rest = "".join(f" {name}={value}" for name, value in fields.items())
        line = _one_line(f"{_utc(record.created)[11:19]} {record.levelname} {record.name}: {message}{rest}")
        shown = [_one_line(part) for part in exception.splitlines()] if exception else []
        return "\n    ".join([line, *shown])


class FileLog(logging.Handler):
    """Appends to `<stem>.log`; at a new local day, or past MAX_BYTES, that file becomes `<stem>-<date>[-n].log`.

    Each record is one write to the descriptor, so nothing half-written waits in a buffer when the disk is full: such a
    record is lost, `lost` counts it, and the next one that can be written says how many.
    """

    def __init__(self, folder: Path, stem: str, zone: ZoneInfo, max_bytes: int = MAX_BYTES, keep: int = KEEP_FILES):
        super().__init__()
        self.folder, self.stem, self.zone, self.max_bytes, self.keep = folder, stem, zone, max_bytes, keep
        self.path = folder / f"{stem}.log"
        self.lost = 0
        self._descriptor: int | None = None
        self._day = ""
        self._size = 0
        self._torn = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._append(self.format(record).encode("utf-8", "backslashreplace") + b"\n")
        except Exception:  # whatever is wrong with the disk or the record, logging must not be what fails
            self.lost += 1

    def close(self) -> None:
        with self.lock or contextlib.nullcontext():
            self._shut()
        super().close()

    def _append(self, line: bytes) -> None:
        today = clock.now().astimezone(self.zone).date().isoformat()
        if self._descriptor is None:
            self._open(today)
        if today != self._day or (self._size and self._size + len(line) > self.max_bytes):
            self._rotate(today)
        if self.lost:
            line = b'{"level":"WARNING","logger":"app.core.logs","message":"%d lines were lost"}\n' % self.lost + line
        if self._torn:
            line = b"\n" + line  # or it would continue the half that was written last
        assert self._descriptor is not None
        written = os.write(self._descriptor, line)
        self._size += written
        self._torn = written < len(line)
        if self._torn:
            raise OSError("disk full")
        self.lost = 0

    def _open(self, today: str) -> None:
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        os.fchmod(self._descriptor, FILE_MODE)  # whatever the umask
        found = os.fstat(self._descriptor)
        self._size = found.st_size
        written = datetime.fromtimestamp(found.st_mtime, self.zone).date().isoformat()
        self._day = written if found.st_size else today

    def _rotate(self, today: str) -> None:
        self._shut()
        if self._size:
            self.path.replace(self._free_name())
        for old in sorted(self.folder.glob(f"{self.stem}-20*.log"), key=lambda path: path.stat().st_mtime)[
            : -self.keep
        ]:
            old.unlink(missing_ok=True)
        self._open(today)

    def _free_name(self) -> Path:
        names = (
            self.folder / f"{self.stem}-{self._day}{end}.log" for end in ("", *(f"-{n}" for n in range(1, 10_000)))
        )
        return next(path for path in names if not path.exists())

    def _shut(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)


def told(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says, redacted: message, bound fields, extra fields, exception. Kept on the record for the next."""
    kept: dict[str, Any] | None = record.__dict__.get("_told")
    if kept is None:
        kept = {"message": scrub(_message(record), MESSAGE_LIMIT)}
        extra = {name: value for name, value in vars(record).items() if name not in _OWN}
        for name, value in {"request_id": request_id.get(), **_bound.get(), **extra}.items():
            if value is not None:
                kept[name] = MASK if is_sensitive(name) else redact(value)
        if trace := _trace(record):
            kept["exception"] = scrub(trace, EXCEPTION_LIMIT)
        record._told = kept
    return dict(kept)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit the text, or cannot be printed
        return f"{record.msg!r} (its arguments cannot be printed)"


def _trace(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[1] is not None:
        return logging.Formatter().formatException(record.exc_info)
    return record.exc_text or ""


def _one_line(text: str) -> str:
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _file_part(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: Any) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger("app").critical("Uncaught exception", exc_info=(kind, error or kind(), trace))
