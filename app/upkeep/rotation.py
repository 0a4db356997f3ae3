"""Stored secrets written anew with the newest of ENCRYPTION_KEYS, so that the older ones can go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import Engine, select, update

from app.accounts.second_factor.models import SecondFactor
from app.core.db import Base, begin_write
from app.core.runtime import Runtime
from app.core.vault import Vault
from app.opens.rules.models import OpenSettings
from app.outbound.mail.models import MailMessage
from app.pixels.models import Pixel

PART = 200  # rows of one transaction
SEALED: tuple[tuple[type[Base], str, str], ...] = (  # a table, its key, a column whose values are sealed
    (Pixel, "id", "sealed_token"),
    (OpenSettings, "account_id", "signing_key"),
    (OpenSettings, "account_id", "previous_key"),
    (MailMessage, "id", "sealed"),
    (SecondFactor, "user_id", "sealed_secret"),
    (SecondFactor, "user_id", "next_sealed_secret"),
)


@dataclass(slots=True)
class Rotated:
    done: int = 0
    unreadable: int = 0  # by any key there is: their values are lost


def rotate(state: Runtime) -> Rotated:
    """Reads every stored secret with any key and writes it with the newest, while the product runs. One that somebody
    changes meanwhile is written by them with the newest anyway."""
    total = Rotated()
    for model, key, column in SEALED:
        _rotate_column(state.engine, state.vault, model.__table__.c[key], model.__table__.c[column], total)
    return total


def _rotate_column(engine: Engine, vault: Vault, key: Any, column: Any, total: Rotated) -> None:
    with engine.connect() as connection:
        rows = connection.execute(select(key, column).where(column.is_not(None))).all()
    anew = []
    for id_, sealed in rows:
        try:
            anew.append((id_, sealed, vault.rotate(sealed)))
        except InvalidToken:
            total.unreadable += 1
    for start in range(0, len(anew), PART):
        with begin_write(engine) as connection:
            for id_, before, after in anew[start : start + PART]:
                unchanged = (key == id_) & (column == before)
                statement = update(column.table).where(unchanged).values({column.name: after})
                total.done += connection.execute(statement).rowcount
