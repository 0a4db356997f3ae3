"""Mailings, when opens of the ids they list count now or count no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from app.opens.mailings.models import MailedId
from app.opens.mailings.opened import add_delays, note
from app.opens.models import COUNTED, Open, OpenedId
from app.opens.rules.siblings import ChangedId


def open_again(connection: Connection, account_id: UUID, standings: Sequence[ChangedId]) -> None:
    """Notes what was opened and withdraws what was not, after the rows of the opens and ids were written."""
    for standing in standings:
        _correct(connection, account_id, standing)
    note(connection, [(account_id, each.ref, one.at) for each in standings for one in each.gained])


def _correct(connection: Connection, account_id: UUID, standing: ChangedId) -> None:
    """Where a mailing's id was opened by what counts no more, or before that by what counts now."""
    lost = {one.at for one in standing.lost}
    mine = (MailedId.account_id == account_id) & (MailedId.ref == standing.ref)
    found = select(MailedId.mailing_id, MailedId.sent_at, MailedId.opened_at).where(mine)
    listed = connection.execute(found.order_by(MailedId.mailing_id).with_for_update()).all()
    for mailing_id, sent_at, opened_at in listed:
        if opened_at is None:
            continue
        earlier = any(sent_at <= one.at < opened_at for one in standing.gained)
        if opened_at not in lost and not earlier:
            continue
        now = _first_since(connection, account_id, standing.ref, sent_at)
        connection.execute(update(MailedId).where(mine, MailedId.mailing_id == mailing_id).values(opened_at=now))
        add_delays(connection, [(account_id, mailing_id, sent_at, opened_at)], sign=-1)
        if now is not None:
            add_delays(connection, [(account_id, mailing_id, sent_at, now)])
        else:
            wait = update(OpenedId).where(OpenedId.account_id == account_id, OpenedId.ref == standing.ref)
            connection.execute(wait.values(awaited=True))


def _first_since(connection: Connection, account_id: UUID, ref: str, moment: datetime) -> datetime | None:
    counted = Open.open_class.in_(sorted(COUNTED)) & Open.is_view.is_(True)
    found = select(Open.created_at).where(Open.account_id == account_id, Open.ref == ref, Open.created_at >= moment)
    return connection.scalar(found.where(counted).order_by(Open.created_at).limit(1))
