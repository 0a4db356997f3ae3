"""logs/tracking_events_YYYY-MM-DD.log: the lines of source 1 §8, written when a platform accepts."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.settings import Settings
from app.destinations.names import META_NAMES
from app.simulator import Simulator
from app.tracking.log_file import MAX_BYTES, LogFile, LogLine, remove_old
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, META_PURCHASE, Sender

NIGHT = datetime(2026, 3, 10, 1, 30, 45, tzinfo=UTC)  # still the 9th in São Paulo
PURCHASE = LogLine(NIGHT, "EVENT_PURCHASE", "290714800540320", "abc123xyz", "50.00", "deposito", "track_abc")
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def log_settings(tmp_path: Path) -> Settings:
    return Settings.load({}, data_dir=tmp_path)


def files(settings: Settings) -> dict[str, list[str]]:
    return {path.name: path.read_text("utf-8").splitlines() for path in sorted(settings.logs_dir.glob("*"))}


def test_a_line_is_that_of_the_source(log_settings: Settings) -> None:
    LogFile(log_settings).append([PURCHASE])
    assert files(log_settings) == {
        "tracking_events_2026-03-09.log": [
            '{"timestamp":"2026-03-09 22:30:45","eventType":"Purchase","pixelId":"290714800540320",'
            '"clickId":"abc123xyz","value":50,"contentId":"deposito","request_id":"track_abc"}'
        ]
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("EVENT_COMPLETE_REGISTRATION", "CompleteRegistration"),
        ("EVENT_ADD_TO_CART", "AddToCart"),
        ("EVENT_PURCHASE", "Purchase"),
        ("EVENT_CONTENT_VIEW", "ViewContent"),
        ("EVENT_BUTTON_CLICK", "ButtonClick"),
        ("Lead", "Lead"),
        ("Matricula", "Matricula"),
    ],
)
def test_names_are_mapped(log_settings: Settings, name: str, shown: str) -> None:
    LogFile(log_settings).append([LogLine(NIGHT, name, "1", None, None, None, "track_1")])
    (line,) = files(log_settings)["tracking_events_2026-03-09.log"]
    assert json.loads(line) == {
        "timestamp": "2026-03-09 22:30:45",
        "eventType": shown,
        "pixelId": "1",
        "clickId": None,
        "request_id": "track_1",
    }
    assert not any(known.startswith("EVENT_") for known in META_NAMES.values())


def test_lines_go_to_the_day_of_the_zone(log_settings: Settings) -> None:
    other_day = NIGHT.replace(hour=12)
    LogFile(log_settings).append([PURCHASE, LogLine(other_day, "Lead", "1", "é", 0, None, "track_2")])
    found = files(log_settings)
    assert list(found) == ["tracking_events_2026-03-09.log", "tracking_events_2026-03-10.log"]
    assert json.loads(found["tracking_events_2026-03-10.log"][0])["value"] == 0
    assert '"é"' in found["tracking_events_2026-03-10.log"][0]


def test_past_the_size_limit_the_next_file_begins(log_settings: Settings) -> None:
    log = LogFile(log_settings)
    log.append([PURCHASE])
    first = log_settings.logs_dir / "tracking_events_2026-03-09.log"
    with first.open("r+b") as file:
        file.truncate(MAX_BYTES)  # sparse: takes no room
    log.append([PURCHASE, PURCHASE])
    assert first.stat().st_size == MAX_BYTES
    second = first.with_name("tracking_events_2026-03-09-1.log")
    assert len(second.read_text().splitlines()) == 2
    with second.open("r+b") as file:
        file.truncate(MAX_BYTES)
    log.append([PURCHASE])
    assert first.with_name("tracking_events_2026-03-09-2.log").exists()


def test_only_the_owner_writes_and_strangers_do_not_read(log_settings: Settings) -> None:
    LogFile(log_settings).append([PURCHASE])
    (file,) = log_settings.logs_dir.glob("*")
    assert stat.S_IMODE(file.stat().st_mode) & 0o027 == 0
    assert stat.S_IMODE(log_settings.logs_dir.stat().st_mode) & 0o007 == 0


def test_a_log_that_cannot_be_written_stops_nobody(log_settings: Settings) -> None:
    log_settings.logs_dir.write_text("a file where the folder should be")
    LogFile(log_settings).append([PURCHASE])
    assert log_settings.logs_dir.read_text() == "a file where the folder should be"


def test_old_files_go(log_settings: Settings) -> None:
    kept = log_settings.model_copy(update={"retention_days": 30})
    log_settings.logs_dir.mkdir()
    for name in ("2026-01-01", "2026-01-01-1", "2026-03-01"):
        (log_settings.logs_dir / f"tracking_events_{name}.log").write_text("{}\n")
    (log_settings.logs_dir / "app.log").write_text("x")
    removed = remove_old(kept, date(2026, 3, 10))
    assert [path.name for path in removed] == ["tracking_events_2026-01-01-1.log", "tracking_events_2026-01-01.log"]
    assert sorted(files(kept)) == ["app.log", "tracking_events_2026-03-01.log"]


def test_an_accepted_event_is_logged_once_and_others_are_not(
    sender: Sender, drain: Callable[..., None], simulator: Simulator, settings: Settings
) -> None:
    simulator.behave(kind="refuse", platform="kwai", times=1)
    sender.post(KWAI_REGISTRATION, **ASYNC)
    drain()
    assert not list(settings.logs_dir.glob("tracking_events_*"))
    ids = [
        sender.post(body, **ASYNC).get_json()["request_id"]
        for body in ({**KWAI_REGISTRATION, "event_id": "2"}, {**META_PURCHASE, "content_id": "deposito"})
    ]
    sender.post({**META_PURCHASE, "consent": {"ad_user_data": "denied"}})
    drain()
    (lines,) = files(settings).values()
    told: dict[str, Any] = {line["request_id"]: line for line in map(json.loads, lines)}
    assert sorted(told) == sorted(ids)
    kwai, meta = (told[id_] for id_ in ids)
    assert (kwai["eventType"], kwai["clickId"], kwai["value"]) == ("CompleteRegistration", "abc123xyz", 0)
    assert kwai["contentId"] == "user_123"
    assert (meta["eventType"], meta["clickId"], meta["value"]) == ("Purchase", "fb.1.1234567890.abc123", 50)
    assert "example" not in json.dumps(lines)
