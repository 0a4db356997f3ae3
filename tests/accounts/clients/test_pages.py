"""The pages of API clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.accounts.clients.pixel_choices import PixelChoice
from app.accounts.models import ApiClient
from app.core import clock
from app.core.db import write
from app.core.ids import uuid7
from tests.people import HTMX, Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FORM = {"name": "Loja", "scopes": ["events:write"], "pixels": "all", "answer_mode": "wait"}
TOKEN = re.compile(r"kt_live_[0-9A-Za-z]{49}")
Make = Callable[..., tuple[UUID, str]]


def test_a_new_client_shows_its_token_once_with_the_first_request(admin: Browser) -> None:
    answer = admin.submit("/clients", FORM)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    [token] = set(TOKEN.findall(answer.text))
    for word in ("curl ", "curl_init", "Http::withToken", "await fetch", "/api/tracking/events", "data-refresh"):
        assert word in answer.text
    assert token not in str(answer.headers)
    assert all(token not in admin.get(path).text for path in ("/clients", client_path(answer.text)))


def client_path(text: str) -> str:
    found = re.search(r"/clients/[0-9a-f-]{36}", text)
    assert found is not None
    return found[0]


def test_the_token_is_in_no_cookie(admin: Browser) -> None:
    token = TOKEN.findall(admin.submit("/clients", FORM).text)[0]
    with admin.session_transaction() as kept:
        assert token not in str(dict(kept))


def test_with_htmx_the_form_gives_way_to_the_token(admin: Browser) -> None:
    answer = admin.submit("/clients", FORM, htmx=True)
    assert answer.status_code == 201
    assert answer.text.lstrip().startswith('<div id="clients-created">')


def test_the_examples_name_a_pixel_that_the_client_may_use(admin: Browser, pixel: PixelChoice) -> None:
    text = admin.submit("/clients", {**FORM, "pixels": "some", "pixel_ids": [pixel.id]}).text
    assert pixel.pixel_id in text
    assert "fbclid" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"scopes": []},
        {"scopes": ["admin"]},
        {"answer_mode": "never"},
        {"per_minute": "0"},
        {"per_minute": "many"},
        {"per_day": "9" * 40},
        {"pixels": "some"},
        {"pixels": "some", "pixel_ids": [str(uuid7())]},
    ],
    ids=str,
)
def test_wrong_input_shows_the_form_again(admin: Browser, changes: dict[str, Any]) -> None:
    answer = admin.submit("/clients", {**FORM, "name": "Loja <b>", **changes}, htmx=True)
    assert answer.status_code == 422
    assert 'id="clients-form"' in answer.text
    assert "alert-danger" in answer.text
    assert "<b>" not in answer.text
    assert TOKEN.search(answer.text) is None


def test_fields_that_are_not_in_the_form_are_not_obeyed(
    app: Flask, admin: Browser, make_client: Make, read: Callable[[UUID], ApiClient], actor: Any
) -> None:
    id_, token = make_client()
    sent = {**FORM, "version": "1", "account_id": str(uuid7()), "token_hash": "0" * 64, "from_settings": "1"}
    assert admin.submit(f"/clients/{id_}/edit", sent).status_code == 303
    client = read(id_)
    assert (client.account_id, client.from_settings, client.token_last4) == (actor.account_id, False, token[-4:])


def test_a_client_is_edited(admin: Browser, make_client: Make, read: Callable[[UUID], ApiClient]) -> None:
    id_, _token = make_client(per_minute=5)
    assert 'value="5"' in admin.get(f"/clients/{id_}/edit").text

    answer = admin.submit(f"/clients/{id_}/edit", {**FORM, "name": "Blog", "per_hour": "100", "version": "1"})

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/clients/{id_}")
    client = read(id_)
    assert (client.name, client.per_minute, client.per_hour) == ("Blog", None, 100)


def test_a_change_made_meanwhile_is_shown_before_it_is_overwritten(
    admin: Browser, make_client: Make, read: Callable[[UUID], ApiClient]
) -> None:
    id_, _token = make_client()
    url = f"/clients/{id_}/edit"
    admin.submit(url, {**FORM, "name": "Theirs", "version": "1"})

    answer = admin.submit(url, {**FORM, "name": "Mine", "version": "1"})

    assert answer.status_code == 422
    assert 'value="Mine"' in answer.text
    assert read(id_).name == "Theirs"
    assert admin.submit(url, {**FORM, "name": "Mine", "version": "2"}).status_code == 303


@pytest.mark.parametrize("version", ["", "x", "-1", "٣", "9" * 30])
def test_a_form_without_a_version_is_stale(admin: Browser, make_client: Make, version: str) -> None:
    id_, _token = make_client()
    assert admin.submit(f"/clients/{id_}/edit", {**FORM, "version": version}).status_code == 422


def test_a_rotation_shows_the_new_token_and_until_when_the_old_one_works(admin: Browser, make_client: Make) -> None:
    id_, old = make_client()
    assert 'value="24"' in admin.get(f"/clients/{id_}/rotate").text

    answer = admin.submit(f"/clients/{id_}/rotate", {"overlap_hours": "24", "version": "1"})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert TOKEN.findall(answer.text) != [old]
    assert old[-4:] in answer.text
    assert admin.submit(f"/clients/{id_}/rotate", {"overlap_hours": "24", "version": "1"}).status_code == 422
    assert admin.submit(f"/clients/{id_}/rotate", {"overlap_hours": "169", "version": "2"}).status_code == 422


def test_revoking_asks_for_the_name(admin: Browser, make_client: Make, read: Callable[[UUID], ApiClient]) -> None:
    id_, _token = make_client(name="Loja")
    assert admin.submit(f"/clients/{id_}/revoke", {"confirm_name": "Blog"}).status_code == 422
    assert read(id_).revoked_at is None

    assert admin.submit(f"/clients/{id_}/revoke", {"confirm_name": "Loja"}).status_code == 303

    assert read(id_).revoked_at is not None
    page = admin.get(f"/clients/{id_}").text
    assert f"/clients/{id_}/edit" not in page
    assert "/first-event" not in page
    assert admin.submit(f"/clients/{id_}/edit", {**FORM, "version": "2"}).status_code == 422


def test_the_first_event_is_told_when_it_came(app: Flask, admin: Browser, make_client: Make) -> None:
    id_, _token = make_client()
    url = f"/clients/{id_}/first-event"
    assert (admin.get(url, headers=HTMX).status_code, admin.get(url, headers=HTMX).data) == (204, b"")
    with app.app_context(), write() as session:
        session.get_one(ApiClient, id_).first_event_at = clock.now()

    answer = admin.get(url, headers=HTMX)

    assert answer.status_code == 200
    assert 'id="clients-first-event"' in answer.text
    assert "data-refresh" not in answer.text


def test_clients_of_another_account_are_404_on_every_page(other_admin: Browser, make_client: Make) -> None:
    id_, token = make_client(name="Segredo")
    pages = ["", "/edit", "/rotate", "/revoke", "/first-event"]
    assert {other_admin.get(f"/clients/{id_}{page}").status_code for page in pages} == {404}
    forms = [
        ("/edit", {**FORM, "version": "1"}),
        ("/rotate", {"overlap_hours": "1"}),
        ("/revoke", {"confirm_name": "Segredo"}),
    ]
    assert {other_admin.submit(f"/clients/{id_}{page}", form).status_code for page, form in forms} == {404}
    assert "Segredo" not in other_admin.get(f"/clients?q={token[-4:]}").text


@pytest.mark.parametrize("id_", ["x", "%00", "1e5", str(uuid7()), "0" * 5000])
def test_odd_ids_are_absent(admin: Browser, id_: str) -> None:
    assert admin.get(f"/clients/{id_}").status_code in (400, 404)


@pytest.mark.parametrize(
    "query", ["page=-1", "page=99999999999", "sort=token_hash", "state=odd", "limit=x", "q=%25%27%22"]
)
def test_odd_queries_still_show_a_list(admin: Browser, make_client: Make, query: str) -> None:
    make_client()
    assert admin.get(f"/clients?{query}").status_code == 200


def test_the_list_is_one_url_for_page_and_rows(admin: Browser, make_client: Make) -> None:
    make_client(name="<script>alert(1)</script>")
    full, rows = admin.get("/clients"), admin.get("/clients", headers=HTMX)
    assert "<html" in full.text
    assert rows.text.lstrip().startswith('<div id="clients-rows"')
    assert "<script>alert" not in full.text + rows.text
    assert "HX-Request" in full.headers["Vary"]


def test_places_limits_and_the_last_day_are_edited(
    admin: Browser, make_client: Make, read: Callable[[UUID], ApiClient], pixel: PixelChoice
) -> None:
    id_, _token = make_client(expires_at=datetime(2099, 1, 1, 12, tzinfo=UTC))
    url = f"/clients/{id_}/edit"
    assert 'value="2099-01-01"' in admin.get(url).text
    form = {**FORM, "addresses": "203.0.113.7\r\n\r\n10.1.1.1/8 ", "origins": "https://loja.example\n"}
    limits = {"pixel_limits-0-pixel_id": pixel.id, "pixel_limits-0-per_hour": "7"}

    assert admin.submit(url, {**form, **limits, "expires_on": "2099-01-01", "version": "1"}).status_code == 303
    client = read(id_)
    assert (client.addresses, client.origins) == (["10.0.0.0/8", "203.0.113.7"], ["https://loja.example"])
    assert client.pixel_limits == {pixel.id: {"per_hour": 7}}
    assert client.expires_at == datetime(2099, 1, 1, 12, tzinfo=UTC)  # the day is the same: so is the time
    assert 'name="pixel_limits-0-per_hour" type="text" value="7"' in admin.get(url).text.replace("number", "text")
    shown = admin.get(f"/clients/{id_}").text
    assert all(text in shown for text in ("203.0.113.7", "https://loja.example", "7 por hora", str(id_)))
    assert admin.submit(url, {**FORM, "expires_on": "2099-01-02", "version": "2"}).status_code == 303
    after = read(id_)
    assert (after.addresses, after.origins, after.pixel_limits) == (None, None, None)
    assert after.expires_at == datetime(2099, 1, 3, 3, tzinfo=UTC)  # the end of that day in São Paulo


def test_sensitive_pages_ask_who_it_is_again(
    admin: Browser, make_client: Make, travel: Callable[[timedelta], None]
) -> None:
    base = f"/clients/{make_client()[0]}"
    actions = {"/clients/new": "/clients", f"{base}/edit": f"{base}/edit", f"{base}/rotate": f"{base}/rotate"}
    travel(timedelta(minutes=30))
    for url, action in actions.items():
        assert admin.get(url).headers["Location"] == f"/confirm?next={url}"
        assert admin.submit(action, FORM).headers["Location"].startswith("/confirm?next=")


def test_an_expired_client_is_shown_and_found(
    admin: Browser, make_client: Make, travel: Callable[[timedelta], None]
) -> None:
    id_, _token = make_client(name="Curto", expires_at=clock.now() + timedelta(minutes=5))
    travel(timedelta(minutes=5))
    assert "Expirado" in admin.get(f"/clients/{id_}").text
    assert "Curto" in admin.get("/clients?state=expired").text
    assert "Curto" not in admin.get("/clients?state=active").text


def test_wrong_places_limits_and_days_show_the_form_again(admin: Browser) -> None:
    wrong: tuple[dict[str, str], ...] = (
        {"addresses": "10.0.0.0/8\nexample.com"},
        {"origins": "loja.example"},
        {"expires_on": "2020-01-01"},
        {"expires_on": "9999-12-31"},
        {"expires_on": "tomorrow"},
        {"pixel_limits-0-pixel_id": str(uuid7()), "pixel_limits-0-per_day": "5"},
        {"pixel_limits-0-pixel_id": "x", "pixel_limits-0-per_day": "9" * 40},
    )
    for changes in wrong:
        answer = admin.submit("/clients", {**FORM, **changes}, htmx=True)
        assert (answer.status_code, "alert-danger" in answer.text) == (422, True), changes
