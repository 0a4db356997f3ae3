"""Several managers at once: the stages stay in one order without a gap, and who comes late is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.runtime import runtime
from app.funnels.models import Funnel, Stage
from app.funnels.structure import reading
from app.funnels.structure.stages import service
from app.funnels.structure.stages.emptying import delete


def positions(app: Flask, funnel_id: UUID) -> list[int]:
    kept = select(Stage.position).where(Stage.funnel_id == funnel_id, Stage.deleted_at.is_(None))
    with runtime(app).engine.connect() as connection:
        return sorted(connection.scalars(kept))


def test_of_two_who_reorder_at_once_one_is_told_and_whatever_many_do_there_is_no_gap(
    app: Flask, actor: Actor, make_funnel: Callable[..., Funnel]
) -> None:
    funnel = make_funnel()
    id_, version = funnel.id, funnel.version
    ids = [stage.id for stage in reading.stages_of(db.session(), id_)]
    db.session.rollback()

    def reorder(seed: int) -> str:
        order = [*ids[seed:], *ids[:seed]]
        with app.app_context():
            try:
                with write():
                    service.reorder(actor, id_, order, version=version)
            except Conflict:
                return "told"
            return "done"

    def change(seed: int) -> None:
        chance = Random(seed)
        for number in range(4):
            with app.app_context():
                mine = [stage.id for stage in reading.stages_of(db.session(), id_)]
                one, place = chance.choice(mine), chance.randrange(5)
                try:
                    if chance.random() < 0.3:
                        delete(actor, id_, one)
                        continue
                    with write():
                        if chance.random() < 0.5:
                            service.create(actor, id_, {"name": f"Etapa {seed} {number}", "position": place})
                        else:
                            service.update(actor, id_, one, {"position": place})
                except (Conflict, Invalid, NotFound):
                    continue

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(reorder, (1, 2, 3))) == ["done", "told", "told"]
        assert positions(app, id_) == [0, 1, 2, 3, 4]
        list(pool.map(change, (1, 2, 3)))
    found = positions(app, id_)
    assert found == list(range(len(found)))
