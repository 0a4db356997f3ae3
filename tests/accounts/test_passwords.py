"""Which passwords are refused, and how they are kept."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from app.accounts import passwords
from tests.people import PASSWORD


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("curta", passwords.TOO_SHORT),
        ("x1" * 65, passwords.TOO_LONG),
        ("password1234", passwords.TOO_COMMON),
        ("senha123456", passwords.TOO_COMMON),
        ("1234567890", passwords.TOO_COMMON),
        ("Flamengo2024", passwords.TOO_COMMON),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", passwords.TOO_COMMON),
        ("Qwertyuiop!!!", passwords.TOO_COMMON),
        ("umdia-MARIANA-disse", passwords.TOO_PERSONAL),
        ("loja do zezinho 77", passwords.TOO_PERSONAL),
        ("o kalitrack e bom", passwords.TOO_PERSONAL),
        ("com nul \0 dentro dela", passwords.NOT_TEXT),
        (PASSWORD, None),
        ("só minúsculas com espaço", None),
    ],
)
def test_only_passwords_that_are_hard_to_guess_pass(password: str, reason: str | None) -> None:
    assert passwords.weakness(password, "mariana.k@example.com", "Loja do Zezinho") == reason


def test_the_list_of_common_passwords_is_long_enough() -> None:
    assert len(passwords.common_passwords()) >= 3000
    assert min(map(len, passwords.common_passwords())) >= passwords.MIN_LENGTH


def test_a_hash_is_argon2id_and_verifies_only_its_password(app: Flask) -> None:
    with app.app_context():
        stored = passwords.hash_password(PASSWORD)

        assert stored.startswith("$argon2id$")
        assert passwords.verify(stored, PASSWORD)
        assert not passwords.verify(stored, PASSWORD + " ")
        assert not passwords.verify(None, PASSWORD)
        assert not passwords.verify("not a hash", PASSWORD)
        assert not passwords.verify(stored, "x" * 100_000)
        assert not passwords.verify(stored, "half \ud800 pair")


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password(app: Flask) -> None:
    with app.app_context():
        assert passwords.verify(passwords.hash_password("a\u0301gua de coco gelada"), "água de coco gelada")


def test_other_parameters_ask_for_a_new_hash(app: Flask) -> None:
    with app.app_context():
        stored = passwords.hash_password(PASSWORD)
        assert not passwords.needs_rehash(stored)
        app.config["PASSWORD_COST"] = (2, 16, 1)
        assert passwords.needs_rehash(stored)


def test_an_unknown_person_costs_as_much_as_a_known_one(app: Flask) -> None:
    app.config["PASSWORD_COST"] = (3, 8192, 1)
    with app.app_context():
        stored = passwords.hash_password(PASSWORD)
        passwords.verify(None, PASSWORD)  # makes the dummy
        known, unknown = (min(_seconds(who) for _ in range(5)) for who in (stored, None))
    assert 0.5 < known / unknown < 2


def _seconds(stored: str | None) -> float:
    start = time.process_time()
    passwords.verify(stored, "wrong wrong wrong")
    return time.process_time() - start
