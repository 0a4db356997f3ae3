"""What people copy works as it stands."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from flask import Flask

from app.core.access import Actor
from app.core.db import db
from app.opens.ids import clean
from app.opens.images import howto
from app.opens.images.addresses import Addresses, addresses_of
from tests.opens.images.samples import made
from tests.opens.opens_fixtures import keys_of, loads, misses, opens
from tests.people import Browser

MakeImage = Callable[..., UUID]
HERE = Addresses("https://k.example", "", None)
ELSEWHERE = Addresses("https://k.example", "a key", None)


@pytest.mark.parametrize("tool", [*howto.TOOLS, *howto.CODE], ids=lambda tool: tool.name)
def test_a_variable_stays_as_it_is(tool: howto.Tool) -> None:
    tag = next(recipe.text for recipe in howto.tags(HERE, "logo.png") if recipe.name == tool.name)
    assert tag == f'<img src="https://k.example/image/logo.png?id_fatura={tool.placeholder}" alt="">'


@pytest.mark.parametrize("tool", howto.TOOLS, ids=lambda tool: tool.name)
def test_a_tools_variable_is_known_when_it_was_not_filled_in(tool: howto.Tool) -> None:
    assert clean(tool.placeholder).is_unrendered


def test_another_accounts_tag_names_it() -> None:
    tag = howto.tags(ELSEWHERE, "logo.png")[0].text
    assert unescape(tag) == '<img src="https://k.example/image/logo.png?k=a%20key&id_fatura=*|FATURA|*" alt="">'
    assert ELSEWHERE.preview("logo.png", None) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_link_signed_by_the_sample_counts(app: Flask, actor: Actor, make_image: MakeImage) -> None:
    make_image("logo.png", signedOnly=True)
    key = keys_of(app, actor.account_id).signing[0].hex()
    with app.test_request_context():
        sample = howto.samples(addresses_of(db.session(), actor.account_id), "logo.png")[0]
    made_by_sample: dict[str, Any] = {}
    with mock.patch.dict(os.environ, KALITRACK_SIGNING_KEY=key):
        exec(sample.text, made_by_sample)  # noqa: S102 - what we tell people to run
    path = made_by_sample["url"].removeprefix("http://127.0.0.1:5001")

    mail = app.test_client()
    assert loads(mail, path).data == made()
    loads(mail, path.replace("FAT001", "FAT002"))
    assert [row.ref for row in opens(app)] == ["FAT001"]
    assert misses(app) == {("unsigned", "logo.png"): 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_tag_of_a_try_counts_where_only_signed_links_do(app: Flask, admin: Browser, make_image: MakeImage) -> None:
    image = make_image("logo.png", signedOnly=True)
    shown = unescape(unescape(admin.get(f"/images/{image}").text))
    [path] = re.findall(r"/image/logo\.png\?id_fatura=TESTE-\w{6}&s=\w{16}", shown)
    loads(app.test_client(), path)
    assert [row.ref[:6] for row in opens(app)] == ["TESTE-"]
    assert "&s=" not in admin.get(f"/images/{image}?ref=FAT001").text.split("id_fatura=FAT001")[1][:20]
