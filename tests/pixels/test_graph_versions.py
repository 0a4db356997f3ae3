"""When a version of the Graph API is warned of."""

from __future__ import annotations

from datetime import date

import pytest

from app.pixels.graph_versions import ends_soon, offered


@pytest.mark.parametrize(
    ("version", "today", "end"),
    [
        ("v19.0", date(2026, 11, 22), date(2026, 5, 21)),
        ("v3.2", date(2026, 11, 22), date(2026, 5, 21)),
        ("v21.0", date(2026, 11, 22), date(2027, 1, 21)),
        ("v21.0", date(2026, 10, 23), None),  # 90 days
        ("v21.0", date(2026, 10, 24), date(2027, 1, 21)),
        ("v22.0", date(2026, 11, 22), None),  # Meta's date is not known
        ("v25.0", date(2026, 11, 22), None),
        ("v25.0", date(2028, 7, 1), date(2028, 7, 29)),
        ("v99.0", date(2026, 11, 22), None),
        ("nonsense", date(2026, 11, 22), None),
    ],
)
def test_a_version_is_warned_of_under_ninety_days(version: str, today: date, end: date | None) -> None:
    assert ends_soon(version, today) == end


def test_only_versions_that_can_still_be_called_are_offered() -> None:
    found = offered(date(2027, 2, 1))
    assert [version for version, _end in found] == ["v26.0", "v25.0", "v24.0", "v23.0", "v22.0"]
    assert dict(found)["v25.0"] == date(2028, 7, 29)
