"""The attempts of a delivery are sought, never searched for in the account's whole log."""

from __future__ import annotations

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.outbound import attempts


def test_a_delivery_s_attempts_are_found_by_its_index(ledger, make_pixel, drain):
    (id,) = ledger.owe(make_pixel("facebook"))
    drain()
    row = ledger.delivery(id)
    asked = []
    with Session(ledger.engine) as session:
        event.listen(ledger.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        found = attempts.newest(session, row.account_id, [id], row.created_at)
        statement, values = asked[-1]
        if ledger.engine.dialect.name == "sqlite":  # PostgreSQL plans by the size of the table
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert "USING INDEX ix_attempt_delivery" in str(plan)
    assert [(each.n, each.outcome) for each in found] == [(1, "sent")]
