"""A service that takes new companies, under a name of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.core.settings import Settings

PUBLIC_URL = "http://kalitrack.example"


@pytest.fixture
def registration() -> str:
    return "open"


@pytest.fixture
def settings(make_settings: Callable[..., Any], database_url: str, registration: str) -> Settings:
    made: Settings = make_settings(database_url=database_url, registration=registration, public_url=PUBLIC_URL)
    return made
