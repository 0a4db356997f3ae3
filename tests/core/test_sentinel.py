"""The Sentinel form of REDIS_URL."""

from __future__ import annotations

import pytest

from app.core.sentinel import SentinelPlace, parse_sentinel


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis+sentinel://a:1,b:2/mymaster/3", SentinelPlace([("a", 1), ("b", 2)], "mymaster", 3, None)),
        ("redis+sentinel://:p%40ss@a/m", SentinelPlace([("a", 26379)], "m", 0, "p@ss")),
    ],
)
def test_hosts_master_database_and_password(url: str, place: SentinelPlace) -> None:
    assert parse_sentinel(url) == place


@pytest.mark.parametrize(
    "url", ["redis://a:1/0", "redis+sentinel://a:1", "redis+sentinel:///m/0", "redis+sentinel://a/m/x"]
)
def test_any_other_form_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="redis\\+sentinel"):
        parse_sentinel(url)
