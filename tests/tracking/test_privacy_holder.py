"""Events as a holder: by which hashes they are found, and what becomes of their lines in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

from app.core.privacy import Subject
from app.core.settings import Settings
from app.tracking import privacy, privacy_log
from app.tracking.log_file import LogFile, LogLine

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_a_person_is_looked_for_by_every_form_of_the_phone(make_settings: Callable[..., Settings]) -> None:
    subject = Subject(phones=("+5511987651234", "+14155552671"), emails=("ana@example.com",))
    wanted = ["5511987651234", "551187651234", "14155552671", "ana@example.com"]
    assert privacy.hashes(make_settings(), subject, "55") == set(map(hashed, wanted))


def test_the_lines_of_a_persons_events_lose_what_leads_to_them(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    ids = [f"track_{number:032x}" for number in range(3)]
    lines = [LogLine(AT, "EVENT_PURCHASE", "1", f"click-{id_}", 5, "user_123", id_) for id_ in ids]
    LogFile(settings).append(lines)
    (file,) = settings.logs_dir.glob("*.log")
    size = file.stat().st_size

    assert privacy_log.forget(settings, {ids[1]}, AT) == 1
    assert privacy_log.forget(settings, {ids[1]}, AT) == 0

    kept = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert file.stat().st_size == size
    assert [line["clickId"] for line in kept] == [f"click-{ids[0]}", None, f"click-{ids[2]}"]
    assert ["contentId" in line for line in kept] == [True, False, True]
    assert [line["value"] for line in kept] == [5, 5, 5]
