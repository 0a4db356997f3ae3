"""Contacts for tests of pages, whose requests must not share a context with the test."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask

from app.contacts import service
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import write
from tests.people import Person


def made(app: Flask, by: Person, **values: Any) -> UUID:
    """The id of a new contact of this person's account."""
    with app.app_context(), write():
        return service.create(Actor(by.account_id, by.id, by.email), values, Source.FORM).id
