"""Log lines: one record one line, redacted everywhere, and a broken disk is never the app's problem."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.core import clock
from app.core.logs import FileLog, JsonLine, ShortLine, bind, configure
from app.core.settings import Settings

SECRETS = {
    "secret_key": "s" * 40,
    "pii_hash_key": "p" * 40,
    "encryption_keys": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Logging as a process sets it up, and put back afterwards."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    before, level = root.handlers[:], root.level
    configure(Settings.load({}, data_dir=tmp_path, **SECRETS), "web")
    yield tmp_path / "logs"
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook = hooks


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "app-web.log").read_text("utf-8").splitlines()]


def test_line_says_when_where_what_and_for_whom(folder: Path) -> None:
    with bind(request_id="r-1"), bind(account_id=7, delivery_id="d-2"):
        logging.getLogger("app.outbound").warning("sent %d events", 3, extra={"pixel": "290714800540320"})
    logging.getLogger("app.outbound").info("later")

    first, second = lines(folder)
    at = first.pop("at")
    assert abs(clock.now() - datetime.fromisoformat(at)) < timedelta(seconds=10)
    assert at.endswith("Z")
    assert first == {
        "level": "WARNING", "logger": "app.outbound", "message": "sent 3 events",
        "request_id": "r-1", "account_id": 7, "delivery_id": "d-2", "pixel": "290714800540320",
    }  # fmt: skip
    assert "request_id" not in second


def test_secrets_stay_out_of_message_arguments_extra_and_exception(folder: Path, capsys: Any) -> None:
    with bind(api_key="PLANTED1"):
        try:
            raise ValueError("bad url https://x/?access_token=PLANTED2 for ana.PLANTED3@example.com")
        except ValueError:
            extra = {"password": "PLANTED4", "call": {"headers": {"Authorization": "Bearer PLANTED5"}}}
            logging.getLogger("app").exception("failed for Bearer %s", "PLANTED6", extra=extra)

    shown = (folder / "app-web.log").read_text() + capsys.readouterr().err
    assert "PLANTED" not in shown
    assert "ValueError" in shown
    assert "test_logs.py" in lines(folder)[0]["exception"]


@pytest.mark.parametrize(
    "text", ["a\nb", "a\r\nb", "\x1b[31mred", "\u2028x\u0085y\x00", "\u202egnp", "\ud800", "\x9b2J"]
)
def test_one_record_is_one_line(folder: Path, capfd: Any, text: str) -> None:
    logging.getLogger("app").error("hello %s", text, extra={"agent": text})

    raw = (folder / "app-web.log").read_bytes()
    assert raw.count(b"\n") == 1
    assert json.loads(raw)["message"].startswith("hello")
    assert not any(sign in raw.decode() for sign in "\x1b\x85\u2028\u202e\x9b")


def test_stderr_shows_one_short_line_without_control_characters(folder: Path) -> None:
    record = logging.makeLogRecord(
        {"msg": "hi \x1b[2J\nfake", "levelname": "INFO", "name": "app", "created": 0.0, "n": 1}
    )

    assert ShortLine().format(record) == "00:00:00 INFO app: hi \\u001b[2J\\u000afake n=1"


def test_file_is_readable_by_owner_and_group_only(folder: Path) -> None:
    logging.getLogger("app").info("x")

    assert (folder / "app-web.log").stat().st_mode & 0o777 == 0o640


def test_setting_up_twice_writes_once(folder: Path, tmp_path: Path) -> None:
    configure(Settings.load({}, data_dir=tmp_path, **SECRETS), "web")
    logging.getLogger("app").info("once")

    assert len(lines(folder)) == 1


def test_uncaught_exception_of_a_thread_is_logged_redacted(folder: Path) -> None:
    def fail() -> None:
        raise RuntimeError("token=PLANTED")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    (line,) = lines(folder)
    assert (line["level"], "PLANTED" in line["exception"]) == ("CRITICAL", False)


def file_log(folder: Path, **options: Any) -> FileLog:
    handler = FileLog(folder, "app-x", ZONE, **options)
    handler.setFormatter(JsonLine())
    return handler


def say(handler: FileLog, text: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": text, "levelname": "INFO"}))


def test_record_that_cannot_be_printed_is_logged_all_the_same(tmp_path: Path) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    handler = file_log(tmp_path)
    for fields in (
        {"msg": "one %s", "args": ("two", "three")},
        {"msg": "it is %s", "args": (Broken(),), "x": Broken()},
    ):
        handler.handle(logging.makeLogRecord(fields))
    handler.close()

    found = [json.loads(line) for line in (tmp_path / "app-x.log").read_text().splitlines()]
    assert [line["message"].split(" (")[0] for line in found] == ["'one %s'", "'it is %s'"]
    assert handler.lost == 0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_rotated_by_size_and_old_ones_go(tmp_path: Path) -> None:
    handler = file_log(tmp_path, max_bytes=400, keep=3)
    for number in range(30):
        say(handler, f"message {number:03} {'x' * 100}")
    handler.close()

    assert len(names(tmp_path)) == 4
    assert "message 029" in (tmp_path / "app-x.log").read_text()
    assert all(path.stat().st_size <= 400 for path in tmp_path.iterdir())


def test_file_is_rotated_at_local_midnight(tmp_path: Path) -> None:
    handler = file_log(tmp_path)
    day = clock.now().astimezone(ZONE).date()
    say(handler, "today")
    clock.travel(timedelta(days=1))
    try:
        say(handler, "tomorrow")
    finally:
        clock.travel(timedelta(days=-1))
        handler.close()

    assert names(tmp_path) == [f"app-x-{day}.log", "app-x.log"]
    assert "today" in (tmp_path / f"app-x-{day}.log").read_text()


def test_file_of_yesterday_is_put_away_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "app-x.log").write_text("old\n")
    before = clock.now() - timedelta(days=2)
    os.utime(tmp_path / "app-x.log", (before.timestamp(), before.timestamp()))
    handler = file_log(tmp_path)
    say(handler, "new")
    handler.close()

    assert names(tmp_path) == [f"app-x-{before.astimezone(ZONE).date()}.log", "app-x.log"]


def test_full_disk_loses_lines_counts_them_and_stops_nobody(tmp_path: Path) -> None:
    """A file size limit stands in for the full disk: the kernel refuses the write either way."""
    code = f"""
import logging, resource, signal, sys
from pathlib import Path
from tests.core.test_logs import file_log, say
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
handler = file_log(Path({str(tmp_path)!r}))
say(handler, "first")
resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
for _ in range(5): say(handler, "x" * 300)
print(handler.lost)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
say(handler, "last")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("5\n", "")
    found = (tmp_path / "app-x.log").read_text().splitlines()
    assert json.loads(found[0])["message"] == "first"
    assert json.loads(found[-2])["message"] == "5 lines were lost"
    assert len(found) == 4  # the half line of the first loss too
    assert json.loads(found[-1])["message"] == "last"


def test_folder_that_cannot_be_made_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    handler = file_log(tmp_path / "taken")
    say(handler, "x")

    assert handler.lost == 1
