"""The figures of the list: what is open now, and what was won this month and still is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core import clock
from app.core.db import db, write
from app.funnels.cards import moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Funnel
from app.funnels.structure import reading, totals
from app.funnels.structure.totals import NOTHING, Total


def test_open_cards_are_added_up_and_won_ones_count_once_while_they_are_won(
    doer: Doer,
    make_funnel: Callable[..., Funnel],
    make_card: Callable[..., UUID],
    stages: Callable[[Funnel], dict[str, UUID]],
) -> None:
    funnel, other = make_funnel(), make_funnel("Outro")
    id_, far, at = funnel.id, other.id, stages(funnel)
    won, reopened, gone = (make_card(funnel, value=value) for value in ("10.10", "20.20", "40.40"))
    make_card(funnel, value="0.05", stageId=at["won"])
    make_card(funnel, value="7", stageId=at["lost"])
    for card, way in ((won, ("won", "new", "won")), (reopened, ("won", "talking")), (gone, ("won",))):
        for name in way:
            with write():
                moving.move(doer, card, Place(at[name]))
    with write():
        service.remove(doer, gone)
    session = db.session()
    found = totals.of_stages(session, [id_, far])
    assert (found[at["talking"]], found[at["won"]]) == (Total(1, Decimal("20.20")), Total(2, Decimal("10.15")))
    assert totals.open_of(reading.stages_of(session, id_), found) == Total(1, Decimal("20.20"))
    assert totals.open_of(reading.stages_of(session, far), found) == NOTHING
    hour = timedelta(hours=1)
    assert totals.won_since(session, [id_, far], clock.now() - hour) == {id_: Total(2, Decimal("10.15"))}
    assert totals.won_since(session, [id_, far], clock.now() + hour) == {}


def test_a_month_begins_at_midnight_of_its_zone() -> None:
    start = totals.month_start(ZoneInfo("America/Sao_Paulo"))
    assert (start.tzinfo, start.astimezone(ZoneInfo("America/Sao_Paulo")).strftime("%d %H:%M")) == (UTC, "01 00:00")
    assert timedelta(0) <= datetime.now(UTC) - start < timedelta(days=32)
