"""Codes of the app and recovery codes: what they look like, and which of them are taken, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.models import AuditEntry
from app.accounts.second_factor import recovery, totp
from app.accounts.second_factor.accepting import Verdict, accept
from app.accounts.second_factor.models import RecoveryCode, SecondFactor
from app.core import clock
from app.core.db import db, write
from app.core.runtime import runtime
from tests.accounts.second_factor.authenticator import Authenticator, acting, turn_on
from tests.people import Person

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_right_a_step_before_and_after(steps: int, is_right: bool) -> None:
    secret, now = totp.new_secret(), clock.now()
    step = totp.step_of(secret, pyotp.TOTP(secret).at(now + timedelta(seconds=30 * steps)), now)
    assert step == (int(now.timestamp()) // 30 + steps if is_right else None)


def test_recovery_codes_are_ten_of_sixty_bits_and_read_however_they_are_typed() -> None:
    codes, person = recovery.new_codes(), uuid4()
    assert len(set(codes)) == 10
    assert len(recovery.ALPHABET) ** len(codes[0].replace("-", "")) == 2**60
    kept = recovery.hash_of(person, "01a0-bcde-fgh1")
    assert {recovery.hash_of(person, typed) for typed in ("OIAO BCDE FGHL", "oia0bcdefghi", " 01a0-bcde-fgh1 ")} == {
        kept
    }
    assert recovery.hash_of(uuid4(), "01a0-bcde-fgh1") != kept
    odd = ("", "1234567", "01a0-bcde-fgh1-x", "ú1a0-bcde-fgh1", "\ud800" * 12)
    assert {recovery.hash_of(person, typed) for typed in odd} == {None}


def tried(app: Flask, person: Person, code: str) -> Verdict:
    with app.app_context(), write() as store:
        return accept(store, acting(person), code, clock.now())


def test_no_code_is_taken_twice_nor_after_a_later_one(app: Flask, make_user: Callable[..., Person]) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    first, second = phone.code(), phone.code(1)

    verdicts = [tried(app, person, code) for code in (first, first, second, first, second, phone.code(-1))]

    assert verdicts == ["taken", "wrong", "taken", "wrong", "wrong", "wrong"]
    assert tried(app, person, phone.recovery_codes[0]) == "taken"
    assert tried(app, person, phone.recovery_codes[0].upper()) == "wrong"


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_of_twenty_uses_of_a_code_at_once_one_wins(app: Flask, make_user: Callable[..., Person], kind: str) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    code = phone.code() if kind == "code" else phone.recovery_codes[3]

    with ThreadPoolExecutor(20) as crowd:
        verdicts = list(crowd.map(lambda _: tried(app, person, code), range(20)))

    assert sorted(verdicts) == ["taken"] + ["wrong"] * 19


@sqlite
def test_nobody_elses_code_is_taken(app: Flask, make_user: Callable[..., Person]) -> None:
    mine, theirs = make_user("viewer"), make_user("viewer")
    turn_on(app, mine)
    phone = turn_on(app, theirs)
    assert {tried(app, mine, code) for code in (phone.code(), phone.recovery_codes[0], "", "0" * 32)} == {"wrong"}
    assert tried(app, theirs, phone.code()) == "taken"


@sqlite
def test_secrets_are_sealed_for_their_person_and_codes_are_hashed(app: Flask, make_user: Any) -> None:
    person, other = make_user("viewer"), make_user("viewer")
    phone = turn_on(app, person)
    turn_on(app, other)
    with app.app_context(), write() as store:
        sealed = store.get_one(SecondFactor, person.id).sealed_secret
        hashes = set(store.scalars(select(RecoveryCode.code_hash).where(RecoveryCode.user_id == person.id)))
        store.execute(update(SecondFactor).where(SecondFactor.user_id == other.id).values(sealed_secret=sealed))

    assert phone.secret not in sealed
    assert len(hashes) == 10
    assert not hashes & {code.replace("-", "") for code in phone.recovery_codes}
    assert tried(app, other, phone.code()) == "unreadable"  # copied to another row it is worth nothing


@sqlite
def test_a_lost_key_leaves_the_recovery_codes(app: Flask, make_user: Any) -> None:
    person = make_user("viewer")
    phone = turn_on(app, person)
    lose_key(app)
    assert tried(app, person, phone.code()) == "unreadable"
    assert tried(app, person, phone.recovery_codes[9]) == "taken"
    with app.app_context():
        actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions[-2:] == ["second_factor.refused", "recovery_code.used"]


def lose_key(app: Flask) -> None:
    """Every stored secret is one of keys that nobody has."""
    other = type(runtime(app).vault)(["A" * 43 + "="])
    with app.app_context(), write() as store:
        for factor in store.scalars(select(SecondFactor)):
            factor.sealed_secret = other.seal("second_factor:sealed_secret", factor.user_id, Authenticator("x").secret)
