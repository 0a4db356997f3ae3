"""What Attention and the library say of the tags in mails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_babel import force_locale

from app.attention.checks import Look, Severity
from app.attention.words import in_words
from app.core import clock
from app.core.access import Actor
from app.core.db import begin_write
from app.core.rollup import Rollup, hour_of
from app.core.runtime import runtime
from app.opens.images import usage, watch
from app.opens.models import OpenMissHour

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
_add = Rollup(OpenMissHour)
Missed = tuple[str, str, int, float]  # reason, file, hits, hours ago


def miss(app: Flask, account_id: UUID, missed: Iterable[Missed]) -> None:
    now = hour_of(clock.now())
    counts = {(account_id, now - timedelta(hours=ago), reason, file): (hits,) for reason, file, hits, ago in missed}
    with begin_write(runtime(app).engine) as connection:
        _add(connection, counts)


def found(app: Flask) -> dict[str, tuple[Any, ...]]:
    state = runtime(app)
    with app.app_context(), state.engine.connect() as connection:
        look = Look(connection, clock.now(), state)
        return {one.kind: (one.account_id, one.severity, one.facts) for one in watch.check(look)}


def test_attention_tells_of_a_day_by_steps(
    app: Flask, actor: Actor, stranger: Actor, make_image: Callable[..., UUID]
) -> None:
    miss(app, actor.account_id, [("unrendered", "a.png", 19, 1), ("unknown_file", "x.png", 500, 30)])
    miss(app, stranger.account_id, [("without_id", "a.png", 5_000, 1), ("unsigned", "a.png", 5_000, 1)])
    assert found(app) == {}
    miss(app, actor.account_id, [("unrendered", "b.png", 1, 2), ("unknown_file", "promo.png", 900, 1)])
    miss(app, actor.account_id, [("unknown_file", "", 200, 3)])
    facts = {"file": "promo.png", "files": 2, "hits": 1_000, "can_upload": True}
    rendered = {"file": "a.png", "files": 2, "hits": 20, "can_upload": True}
    assert found(app) == {
        watch.FILES_MISSING: (actor.account_id, Severity.DANGER, facts),
        watch.IDS_UNRENDERED: (actor.account_id, Severity.WARNING, rendered),
    }
    make_image("promo.png")
    assert found(app)[watch.FILES_MISSING][1:] == (
        Severity.WARNING,
        {"file": "", "files": 1, "hits": 100, "can_upload": False},
    )


def test_each_finding_has_its_words_and_next_step(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        for kind in (watch.FILES_MISSING, watch.IDS_UNRENDERED):
            words = in_words(kind, "", {"file": "promo.png", "files": 2, "hits": 1_000, "can_upload": True})
            assert "1,000 times" in words.text
            assert "promo.png" in words.text
        upload = in_words(watch.FILES_MISSING, "", {"file": "p.png", "files": 1, "hits": 20, "can_upload": True}).steps[
            0
        ]
        assert (upload.endpoint, upload.values) == ("images.new", {"file": "p.png"})


def test_the_library_warns_of_what_is_not_mended_yet(app: Flask, actor: Actor, make_image: Callable[..., UUID]) -> None:
    make_image("here.png")
    make_image("signed.png", signedOnly=True)
    missed: list[Missed] = [("unknown_file", f"{number}.png", number, 1) for number in range(1, 15)]
    missed += [("unknown_file", "here.png", 9, 1), ("unsigned", "here.png", 9, 1), ("unsigned", "signed.png", 9, 1)]
    missed += [("unrendered", "a.png", 3, 24 * 8), ("without_id", "a.png", 3, 24 * 6), ("without_id", "a.png", 4, 1)]
    miss(app, actor.account_id, missed)
    with runtime(app).engine.connect() as connection:
        told = usage.warnings(connection, actor.account_id, clock.now())
    assert [one.hits for one in told.missing] == [14, 13, 12, 11, 10, 9, 8, 7, 6, 5]
    assert told.unsigned == [usage.Asked("signed.png", 9)]
    assert told.without_id == [usage.Asked("a.png", 7)]
    assert told.unrendered == []
