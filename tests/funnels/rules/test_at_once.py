"""Two at once: who save rules that make a circle together, and who sweep the same cards. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

from flask import Flask
from sqlalchemy import func, select

from app.core.db import db, write
from app.core.errors import Invalid
from app.funnels.models import Card, RuleRun
from app.funnels.rules import service, sweep
from app.outbound.mail.models import MailMessage
from tests.funnels.cards.conftest import Deal
from tests.funnels.rules.conftest import to_stage


def both(*works: Callable[[], object]) -> None:
    start = Barrier(len(works))

    def work(one: Callable[[], object]) -> None:
        start.wait()
        one()

    threads = [Thread(target=work, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_two_who_save_make_no_circle_and_two_who_sweep_run_nothing_twice(app: Flask, deal: Deal) -> None:
    outcomes = []

    def save(at: str, to: str) -> None:
        values = {"name": at, "trigger": "entered", "stageId": str(deal.stages[at]), "actions": to_stage(deal, to)}
        try:
            with app.app_context(), write():
                service.create(deal.actor, deal.funnel, values)
            outcomes.append("saved")
        except Invalid:
            outcomes.append("refused")

    both(lambda: save("qualified", "talking"), lambda: save("talking", "qualified"))
    assert sorted(outcomes) == ["refused", "saved"]

    to = {"kind": "notify", "to": str(deal.actor.user_id)}
    with deal.writing() as session:
        stayed = {"name": "S", "trigger": "stayed", "stageId": str(deal.stages["new"]), "days": 1, "actions": [to]}
        service.create(deal.actor, deal.funnel, stayed)
        session.get_one(Card, deal.id).entered_at -= timedelta(days=2)
    found: list[int] = []
    both(lambda: found.append(sweep.sweep(app)), lambda: found.append(sweep.sweep(app)))
    with app.app_context():
        ran, sent = (db.session.scalar(select(func.count()).select_from(table)) for table in (RuleRun, MailMessage))
    assert (sum(found), ran, sent) == (1, 1, 1)
