"""Each number of the dashboard is that of the opens behind it, and its link leads to just as many."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.core import clock
from app.core.db import db
from app.core.period import Compare, asked
from app.core.rollup import hour_of
from app.opens.dashboard.numbers import CLIENT, DEVICE, IMAGE, dashboard
from app.opens.dashboard.recent import minutes
from app.opens.models import COUNTED
from tests.opens.dashboard.conftest import Month
from tests.opens.history import counts

CARD = re.compile(
    r'<a href="([^"]+)" class="stretched-link text-reset">([^<]+)</a>.*?<div class="h1 mb-0">([^<]+)<', re.S
)
ROW = re.compile(r'<a href="(/opens/log[^"]+)">[^<]+</a></th>\s*<td class="num">([\d,]+)</td>')
NUMBER = re.compile(r"<strong>([\d,]+) opens?</strong>")
SHOWN = 5
ZONE = ZoneInfo("America/Sao_Paulo")
PERIODS = ["", "period=today", "period=yesterday", "period=28d", "period=90d", "from={start}&to={end}"]


def url_of(period: str, automatic: bool) -> str:
    """`{start}` to `{end}` is a day and a half of the month, at hours of the wall."""
    now = hour_of(clock.now()).astimezone(ZONE)
    start, end = (f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (100, 64))
    return f"/opens?{period.format(start=start, end=end)}{'&automatic=1' if automatic else ''}"


def rows_behind(month: Month, url: str) -> int:
    """The number that the log gives, and that of its rows while they fit on a page."""
    answer = month.viewer.get(unescape(url) + f"&limit={SHOWN}")
    assert answer.status_code == 200, url
    found = NUMBER.search(answer.text)
    total = int(found[1].replace(",", "")) if found else 0
    shown = len(re.findall(r'id="open-', answer.text))
    assert shown == min(total, SHOWN), url
    return total


@pytest.mark.parametrize(("period", "automatic"), [*zip(PERIODS, [False, True] * 3, strict=True)])
def test_links_lead_to_as_many_rows(month: Month, period: str, automatic: bool) -> None:
    month.viewer.set_cookie("locale", "en")
    text = month.viewer.get(url_of(period, automatic)).text
    cards = {label: (url, value.replace(",", "")) for url, label, value in CARD.findall(text)}
    for label in ("Total views", "Unique views", "Automatic", "Views today"):
        url, value = cards[label]
        assert rows_behind(month, url) == int(value), label
    rows = [(url, int(value.replace(",", ""))) for url, value in ROW.findall(text)]
    assert len(rows) >= 8 or period in ("period=today", "period=yesterday")  # classes, programs, devices, images
    for url, value in rows:
        assert rows_behind(month, url) == value, url


@pytest.mark.parametrize("automatic", [False, True])
@pytest.mark.parametrize("period", PERIODS)
def test_numbers_are_those_of_the_opens(month: Month, period: str, automatic: bool) -> None:
    args = dict(re.findall(r"(period|from|to)=([^&]+)", url_of(period, automatic)))
    now = clock.now()
    wanted = asked(now, ZONE, period=args.get("period", ""), start=args.get("from", ""), end=args.get("to", ""))
    with month.app.app_context():
        found = dashboard(db.session(), month.account_id, wanted.period, Compare.PREVIOUS, now, automatic=automatic)
        db.session.remove()
    assert wanted.problems == ()
    own = within(month.rows, found.period.start, found.period.end)
    shown = [row for row in own if row["is_view"] and (automatic or row["class"] in COUNTED)]
    assert found.views == len(shown) == sum(one.shown(automatic) for one in found.values)
    assert found.views == sum(views or 0 for day in found.weekdays for views in day)
    assert found.total.firsts == sum(row["is_first"] for row in own)
    assert found.total.automatic == sum(row["is_view"] and row["class"] not in COUNTED for row in own)
    assert found.opened == sum(row["is_first"] for row in month.rows if row["created_at"] < found.period.end)
    by_class = {name: one.views for name, one in found.classes.items()}
    assert by_class == {name: sum(row["is_view"] for row in own if row["class"] == name) for name in by_class}
    for place, name in ((CLIENT, "client"), (DEVICE, "device"), (IMAGE, "image_id")):
        views = {key or None: one.views for key, one in found.shown_by(place) if one.views}
        assert views == counted(shown, name)
    assert found.comparison is not None
    past = within(month.rows, found.comparison.period.start, found.comparison.period.end)
    assert found.comparison.total.views == sum(counts(row) for row in past)


def test_the_picture_of_minutes_says_nothing_of_what_it_did_not_look_at(month: Month) -> None:
    newest = month.rows[-1]["created_at"]
    start = newest.replace(second=0, microsecond=0) - timedelta(days=2)
    count = 2 * 24 * 60 + 1
    with month.app.app_context():
        whole, part = (minutes(db.session(), month.account_id, start, count, most) for most in (1_000, 4))
        db.session.remove()
    own = [row for row in month.rows if row["created_at"] >= start]
    assert whole == [sum(counts(row) and within_minute(row, start, place) for row in own) for place in range(count)]
    cut = next(place for place in range(count) if within_minute(own[-4], start, place))
    assert part == [None] * (cut + 1) + whole[cut + 1 :]


def within_minute(row: dict[str, Any], start: datetime, place: int) -> bool:
    return bool(0 <= (row["created_at"] - start).total_seconds() - 60 * place < 60)


def within(rows: list[dict[str, Any]], start: datetime, end: datetime) -> list[dict[str, Any]]:
    return [row for row in rows if start <= row["created_at"] < end]


def counted(rows: list[dict[str, Any]], name: str) -> dict[Any, int]:
    return {value: sum(row[name] == value for row in rows) for value in {row[name] for row in rows}}
