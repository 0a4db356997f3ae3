"""A page to draw charts on, read back as elements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.page_app import gallery_app


@pytest.fixture(scope="session")
def charts_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder: Path = tmp_path_factory.mktemp("charts")
    return gallery_app(folder)


@pytest.fixture
def portuguese(charts_app: Flask) -> Iterator[None]:
    with charts_app.test_request_context("/"):
        yield


@pytest.fixture
def english(charts_app: Flask) -> Iterator[None]:
    with charts_app.test_request_context("/", headers={"Cookie": "locale=en"}):
        yield
