"""What several tests of joining send and look at."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.core.db import db
from tests.letters import last_letter

EMAIL = "ana@loja-azul.example"
PASSWORD = "uma frase que ninguem adivinha"
NEW = "outra frase bem comprida"
WANTED = {"accountName": "Loja Azul", "name": "Ana", "email": EMAIL, "password": PASSWORD}
FORM = {"account_name": "Loja Azul", "name": "Ana", "email": EMAIL, "password": PASSWORD}


def call(client: FlaskClient, path: str, body: dict[str, Any], **options: Any) -> TestResponse:
    return client.post(f"/api/auth/{path}", json=body, **options)


def registered(app: Flask, client: FlaskClient, email: str = EMAIL) -> str:
    """The token in the letter to somebody who registered."""
    assert call(client, "register", {**WANTED, "email": email}).status_code == 202
    return last_letter(app, email).token


def verify(client: FlaskClient, token: str, password: str = PASSWORD, **options: Any) -> TestResponse:
    """Follows the link in the letter as a program does."""
    return call(client, "verify", {"token": token, "password": password}, **options)


def forgotten(app: Flask, client: FlaskClient, email: str) -> str:
    """The token in the letter to somebody who forgot their password."""
    assert call(client, "forgot-password", {"email": email}).status_code == 202
    return last_letter(app, email).token


def rows(app: Flask, *columns: Any) -> list[Any]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(select(*columns))]
