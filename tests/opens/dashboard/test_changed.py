"""What changed, in words: only what is worth any."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_babel import force_locale

from app.core.i18n import init_app
from app.core.period import preset
from app.core.periods import Preset
from app.opens.dashboard.changed import sentences
from app.opens.dashboard.numbers import Comparison, Dashboard, Today
from app.opens.dashboard.warnings import Wrong
from app.opens.figures import OpenFigures, Slice
from app.opens.images.usage import Warnings
from app.opens.shares import Share

NOW = datetime(2026, 11, 18, 17, 20, tzinfo=UTC)
WEEK = preset(Preset.WEEK, NOW, ZoneInfo("America/Sao_Paulo"))
NONE = OpenFigures()
BUSY: list[list[int | None]] = [[0] * 24 for _day in range(7)]
BUSY[1][10] = 30


def clients(**views: int) -> Share:
    return {(client, "human"): Slice(views=number, opens=number) for client, number in views.items()}


def week(ours: OpenFigures, theirs: OpenFigures, ours_by: Share, theirs_by: Share) -> Dashboard:
    past = Comparison(WEEK.previous(NOW), theirs, ours, [], theirs_by, ours_by)
    today = Today(WEEK, NONE, NONE, NONE)
    return Dashboard(
        WEEK, False, ours, 0, today, [], [], BUSY, {}, {}, [], Wrong(Warnings(), 0), None, (), past
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (OpenFigures(120), OpenFigures(100), "Views rose by 20%, from 100. Most of it: Gmail (+15)."),
        (OpenFigures(80), OpenFigures(100), "Views fell by 20%, from 100."),  # Gmail rose all the same
        (OpenFigures(101), OpenFigures(100), "About as many views as in the period before."),
        (OpenFigures(40), OpenFigures(0), "There were no views in the period before."),
        (OpenFigures(5), OpenFigures(3), None),
        (OpenFigures(100, 100), OpenFigures(100, 10), "Automatic loads went from 9% to 50% of all viewings."),
    ],
)
def test_a_change_worth_words(tmp_path, ours: OpenFigures, theirs: OpenFigures, said: str | None) -> None:  # type: ignore[no-untyped-def]
    app = Flask("app")
    init_app(app, tmp_path, "America/Sao_Paulo")
    found = week(ours, theirs, clients(Gmail=60, Outlook=ours.views), clients(Gmail=45, Outlook=ours.views))
    with app.test_request_context(), force_locale("en"):
        told = sentences(found)
        assert (said in told) if said else told == []
        assert ("Busiest: Tuesday at 10:00, 30 views." in told) is (ours.views >= 20)
        assert sentences(replace(found, comparison=None)) == told[-1:]
