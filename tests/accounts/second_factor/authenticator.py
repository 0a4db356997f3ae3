"""An authenticator app and the sheet of recovery codes, as a person has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Account, UserSession
from app.accounts.second_factor import service
from app.core import clock
from app.core.access import Actor
from app.core.db import write
from tests.people import Browser, Person

STEP = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Authenticator:
    secret: str
    recovery_codes: tuple[str, ...] = ()

    def code(self, steps: int = 0) -> str:
        """What the app shows now, or so many steps of 30 seconds later."""
        return pyotp.TOTP(self.secret).at(clock.now() + steps * STEP)

    def wrong_code(self) -> str:
        """None of those around now."""
        return next(code for code in map("{:06}".format, range(1000)) if code not in map(self.code, range(-3, 4)))


def acting(person: Person) -> Actor:
    return Actor(person.account_id, person.id, person.email)


def turn_on(app: Flask, person: Person) -> Authenticator:
    """Sets a second factor up; the code of this moment is still unused."""
    with app.app_context():
        with write() as store:
            secret = service.start(store, acting(person), clock.now())
        with write() as store:
            code = Authenticator(secret).code(-1)
            return Authenticator(secret, tuple(service.confirm(store, acting(person), code, clock.now())))


def require_of(app: Flask, person: Person, *roles: str) -> None:
    """The account wants a second factor of these roles."""
    with app.app_context(), write() as store:
        store.get_one(Account, person.account_id).second_factor_roles = list(roles)


def half_signed_in(browser: Browser, person: Person, **options: Any) -> Browser:
    """The password was right; a code is awaited."""
    answer = browser.submit("/login", {"email": person.email, "password": person.password}, **options)
    assert answer.headers["Location"].startswith("/login/code")
    return browser


def make_sessions_older(app: Flask) -> None:
    """Nobody proved who they are within the last half hour."""
    with app.app_context(), write() as store:
        for opened in store.scalars(select(UserSession)):
            opened.confirmed_at -= timedelta(minutes=31)
