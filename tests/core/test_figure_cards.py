"""Figures as cards: how a change reads, and whether it is good news."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from app.core.figure_cards import Change, Good, card, more, points
from app.core.i18n import init_app


@pytest.mark.parametrize(
    ("ours", "theirs", "share"), [(120, 100, 0.2), (80, 100, -0.2), (5, 0, None), (None, 5, None), (0, 5, -1)]
)
def test_more_is_a_share_of_what_was_before(ours: float | None, theirs: float | None, share: float | None) -> None:
    found = more(ours, theirs)
    assert (found.share if found else None) == (pytest.approx(share) if share is not None else None)


@pytest.mark.parametrize(
    ("change", "good", "shown"),
    [
        (Change(share=0.2), "up", ("20.0%", True, "success")),
        (Change(share=-0.2), "up", ("20.0%", False, "danger")),
        (Change(share=-0.2), "down", ("20.0%", False, "success")),
        (Change(share=1.5), "down", ("150%", True, "danger")),
        (Change(share=0.2), "", ("20.0%", True, "secondary")),
        (Change(share=0.005), "up", ("0.5%", True, "secondary")),  # noise
        (Change(share=0.0004), "up", ("", False, "secondary")),  # not seen at all
        (points(0.5, 0.45), "up", ("5 pts", True, "success")),
        (points(0.5, None), "up", ("", False, "secondary")),
    ],
)
def test_a_change_in_words(tmp_path: Path, change: Change | None, good: Good, shown: tuple[str, bool, str]) -> None:
    app = Flask("app")
    init_app(app, tmp_path, "UTC")
    with app.test_request_context(), force_locale("en"):
        found = card("Views", "120", "/opens", change, "100", good=good)
    assert (found.change, found.up, found.tone) == shown
    assert found.before == "before: 100"
