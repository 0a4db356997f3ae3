"""Fixtures of the adapters: they are pure, so settings are all they need."""

from __future__ import annotations

import hypothesis
import pytest

from app.core.settings import Settings
from app.destinations.kwai import Kwai
from app.destinations.meta import Meta
from tests.destinations.builders import SECRETS

# A busy machine is no bug: without this, one slow example of a property fails the run.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def plain_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.load({}, data_dir=tmp_path_factory.mktemp("destinations"), **SECRETS)


@pytest.fixture(scope="session")
def meta(plain_settings: Settings) -> Meta:
    return Meta(plain_settings)


@pytest.fixture(scope="session")
def kwai(plain_settings: Settings) -> Kwai:
    return Kwai(plain_settings)
