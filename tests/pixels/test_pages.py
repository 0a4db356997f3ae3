"""/pixels: list, form, detail, deletion, import; what people may do there, and what never shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.core.runtime import EXTENSION, runtime
from app.outbound import targets
from app.outbound.models import Delivery, Target
from app.pixels.models import Pixel
from tests.people import HTMX, Browser
from tests.pixels.conftest import TOKEN

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = {"platform": "facebook", "pixel_id": "123456789012345", "access_token": TOKEN, "active": "y"}
CSV = (
    b"id,source,pixel_id,access_token,description\n1,kwai,1,kwai-secret-token-1,Loja\n2,orkut,2,kwai-secret-token-2,x\n"
)


def test_an_empty_list_teaches_the_next_step(admin: Browser, manager: Browser) -> None:
    assert 'href="/pixels/new"' in admin.get("/pixels").text
    assert 'href="/pixels/new"' not in manager.get("/pixels").text


def test_the_list_shows_figures_filters_and_answers_a_fragment(admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    make_pixel(pixelId="111", description="Promoção")
    make_pixel(pixelId="222", platform="kwai")
    whole, kwai = admin.get("/pixels").text, admin.get("/pixels?platform=kwai").text
    rows = admin.get("/pixels?q=promocao&sort=-pixelId", headers=HTMX)

    assert all(text in whole for text in ("111", "222", "Kwai", "Meta", 'href="/pixels?platform=kwai"'))
    assert ">222</a>" in kwai
    assert ">111</a>" not in kwai
    assert rows.text.lstrip().startswith('<div id="pixels-rows"')
    assert ">111</a>" in rows.text
    assert ">222</a>" not in rows.text
    assert "HX-Request" in rows.headers["Vary"]


@pytest.mark.parametrize(
    "query", ["sort=token", "page=abc", "platform=x", "q=%25", "page=99999999999", "q=" + "x" * 999]
)
def test_an_odd_url_still_shows_a_list(admin: Browser, make_pixel: Callable[..., UUID], query: str) -> None:
    make_pixel()
    assert admin.get(f"/pixels?{query}").status_code == 200


def test_a_pixel_is_created_and_shown_without_its_token(admin: Browser) -> None:
    answer = admin.submit(
        "/pixels", {**NEW, "description": "<script>alert(1)</script>", "custom_events": "Rifa\n\nDoação"}
    )

    assert answer.status_code == 303
    shown = admin.get(answer.location).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert(1)" not in shown + admin.get("/pixels").text
    assert "•••• 9f3c" in shown
    assert "Rifa, Doação" in shown
    assert TOKEN not in shown


def test_htmx_is_led_to_the_new_pixel(admin: Browser) -> None:
    answer = admin.submit("/pixels", NEW, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"][:8]) == (204, "/pixels/")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"pixel_id": ""}, "pixel_id"),
        ({"pixel_id": "12ab"}, "pixel_id"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": "two words"}, "access_token"),
        ({"access_token": "track123456"}, "access_token"),
        ({"description": "x" * 256}, "description"),
        ({"site_url": "javascript:alert(1)"}, "site_url"),
        ({"graph_version": "25"}, "graph_version"),
        ({"event_map-0-name": "EVENT_PURCHASE"}, "event_map-0-own"),
        ({"event_map-0-name": "EVENT_UNKNOWN", "event_map-0-own": "x"}, "event_map-0-name"),
        ({"custom_events": "x" * 51}, "custom_events"),
    ],
)
def test_an_invalid_form_comes_back_with_what_was_typed_but_the_token(
    admin: Browser, wrong: dict[str, str], field: str
) -> None:
    answer = admin.submit("/pixels", {**NEW, "description": "Loja Boa", **wrong}, htmx=True)

    assert answer.status_code == 422
    assert answer.text.lstrip().startswith("<form")
    assert f'id="{field}-error"' in answer.text
    assert TOKEN not in answer.text
    assert wrong.get("description", "Loja Boa") in answer.text
    assert ">123456789012345<" not in admin.get("/pixels").text


def test_the_same_pixel_twice_is_told_beside_the_field(admin: Browser) -> None:
    admin.submit("/pixels", NEW)
    again = admin.submit("/pixels", NEW)
    assert again.status_code == 422
    assert 'id="pixel_id-error"' in again.text


def test_an_unknown_platform_is_refused(admin: Browser) -> None:
    assert admin.get("/pixels/new?platform=orkut").status_code == 200
    answer = admin.submit("/pixels", {**NEW, "platform": "orkut"})
    assert (answer.status_code, 'id="platform-error"' in answer.text) == (422, True)


def test_an_edit_keeps_the_token_unless_a_new_one_is_given(admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    url = f"/pixels/{make_pixel(settings={'graphVersion': 'v24.0'})}"
    form = admin.get(f"{url}/edit").text
    assert 'value="v24.0"' in form
    assert TOKEN not in form

    kept = admin.submit(f"{url}/edit", {"description": "Nova", "version": "1", "active": "y"})
    assert (kept.status_code, kept.location) == (303, url)
    assert "•••• 9f3c" in admin.get(url).text
    admin.submit(f"{url}/edit", {"access_token": "another-token-77zz", "version": "2"})
    assert "•••• 77zz" in admin.get(url).text


def test_an_edit_cannot_move_a_pixel(admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    url = f"/pixels/{make_pixel()}"
    admin.submit(f"{url}/edit", {"pixel_id": "999", "platform": "kwai", "version": "1", "active": "y"})
    assert "Meta 123456789012345" in admin.get(url).text


def test_a_stale_form_says_so_and_keeps_what_was_typed(admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    url = f"/pixels/{make_pixel()}"
    admin.submit(f"{url}/edit", {"description": "first", "version": "1", "active": "y"})
    stale = admin.submit(f"{url}/edit", {"description": "second", "version": "1", "active": "y"})

    assert stale.status_code == 422
    assert 'value="second"' in stale.text
    assert 'name="version" type="hidden" value="2"' in stale.text


def test_a_paused_pixel_says_why_and_what_to_do(app: Flask, admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel()
    with app.app_context(), write() as session:
        targets.pause(session.connection(), id, "Session <b>expired</b>", "auth")
    shown = admin.get(f"/pixels/{id}").text

    assert "Session &lt;b&gt;expired&lt;/b&gt;" in shown
    assert f'href="/pixels/{id}/edit"' in shown
    admin.submit(f"/pixels/{id}/edit", {"access_token": "another-token-77zz", "active": "y"})
    assert "expired" not in admin.get(f"/pixels/{id}").text


@pytest.mark.parametrize(("version", "warned"), [("v19.0", True), ("v21.0", True), ("v26.0", False), (None, False)])
def test_an_ending_graph_version_is_warned_of(
    admin: Browser, make_pixel: Callable[..., UUID], version: str | None, warned: bool
) -> None:
    id = make_pixel(settings={"graphVersion": version})
    assert (f"{version} " in alerts(admin.get(f"/pixels/{id}").text)) is warned
    assert (f"API {version}<" in admin.get("/pixels", headers=HTMX).text) is warned
    assert '<option value="v25.0" label="até 29/07/2028">' in admin.get(f"/pixels/{id}/edit").text


def test_an_ending_version_of_the_installation_is_told_where_it_is_used(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID]
) -> None:
    changed = runtime(app).settings.model_copy(update={"meta_graph_version": "v21.0"})
    app.extensions[EXTENSION] = replace(runtime(app), settings=changed)
    assert "META_GRAPH_VERSION" not in admin.get("/pixels").text
    own, default = make_pixel(settings={"graphVersion": "v25.0"}), make_pixel(pixelId="2")

    assert "META_GRAPH_VERSION" in alerts(admin.get("/pixels").text)
    assert "META_GRAPH_VERSION" in alerts(admin.get(f"/pixels/{default}").text)
    assert "META_GRAPH_VERSION" not in admin.get(f"/pixels/{own}").text
    assert "v21.0" in alerts(admin.get(f"/pixels/{own}/edit").text)


def alerts(html: str) -> str:
    return " ".join(html.split('class="alert')[1:])


def due(app: Flask, pixel: UUID, account_id: UUID) -> None:
    from app.core import clock

    with app.app_context(), write() as session:
        now = clock.now()
        session.add(
            Delivery(
                account_id=account_id,
                id=uuid7(),
                kind="conversion",
                target_id=pixel,
                ref_id=uuid7(),
                ref_at=now,
                status="pending",
                next_at=now,
                created_at=now,
            )
        )


def test_deleting_says_what_is_due_and_asks_for_the_pixel_id(
    app: Flask, admin: Browser, account_id: UUID, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    due(app, id, account_id)
    url = f"/pixels/{id}/delete"

    assert "1 entrega ainda está pendente" in admin.get(url).text
    wrong = admin.submit(url, {"confirm_name": "12345"}, htmx=True)
    assert (wrong.status_code, "pixels-danger-error" in wrong.text) == (422, True)
    assert admin.submit(url, {"confirm_name": "123456789012345"}).location == "/pixels"
    assert admin.get(f"/pixels/{id}").status_code == 404
    with app.app_context():
        assert db.session.get_one(Target, id).state == "deleted"
        assert db.session.scalar(select(func.count()).select_from(Delivery)) == 1


def test_a_file_is_imported_and_every_row_is_accounted_for(app: Flask, admin: Browser) -> None:
    answer = admin.submit("/pixels/import", {"file": (BytesIO(CSV), "trackings.csv")}, htmx=True)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="pixels-imported"')
    assert "Kwai 1" in answer.text
    assert "kwai-secret-token" not in answer.text + admin.get("/pixels").text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Pixel)) == 1


@pytest.mark.parametrize(
    ("file", "status"),
    [
        (b"", 422),
        (b"\x89PNG\x00\x00", 422),
        (b"a,b\n1,2\n", 422),
        (b"source,pixel_id,access_token\n" + b"kwai,1,tok\n" * 50_000, 422),
        (b"source,pixel_id,access_token\n" + b"x" * 1_010_000, 422),
        (b"x" * 2_000_000, 413),
    ],
)
def test_a_useless_or_huge_file_is_refused(admin: Browser, file: bytes, status: int) -> None:
    assert admin.submit("/pixels/import", {"file": (BytesIO(file), "x.csv")}).status_code == status


def test_an_import_without_a_file_is_refused(admin: Browser) -> None:
    assert admin.submit("/pixels/import", {"file": "no file"}).status_code == 422
    assert admin.submit("/pixels/import", {}).status_code == 422


GETS = ["", "/new", "/import", "/{id}", "/{id}/edit", "/{id}/delete", "/{id}/test"]
POSTS = ["", "/import", "/{id}/edit", "/{id}/delete", "/{id}/test", "/{id}/pause", "/{id}/resume"]


@pytest.mark.parametrize("role", ["operator", "viewer"])
def test_operators_and_viewers_see_no_pixels(
    request: pytest.FixtureRequest, make_pixel: Callable[..., UUID], role: str
) -> None:
    browser: Browser = request.getfixturevalue(role)
    id = make_pixel()
    assert {browser.get(f"/pixels{path.format(id=id)}").status_code for path in GETS} == {403}
    assert {browser.submit(f"/pixels{path.format(id=id)}", NEW).status_code for path in POSTS} == {403}
    assert 'href="/pixels"' not in browser.get("/events").text


def test_managers_read_only(manager: Browser, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel()
    assert [manager.get(f"/pixels{path.format(id=id)}").status_code for path in GETS] == [
        200,
        403,
        403,
        200,
        403,
        403,
        403,
    ]
    assert {manager.submit(f"/pixels{path.format(id=id)}", NEW).status_code for path in POSTS} == {403}
    assert "/edit" not in manager.get(f"/pixels/{id}").text + manager.get("/pixels").text


def test_strangers_are_sent_to_sign_in_and_other_accounts_find_nothing(
    anonymous: Browser, admin: Browser, stranger: Actor, make_pixel: Callable[..., UUID]
) -> None:
    theirs = make_pixel(by=stranger)
    assert anonymous.get("/pixels").location == "/login?next=/pixels"
    assert admin.get(f"/pixels/{theirs}").status_code == 404
    assert admin.get(f"/pixels/{theirs}/edit").status_code == 404
    assert admin.submit(f"/pixels/{theirs}/edit", {"description": "mine"}).status_code == 404
    assert admin.submit(f"/pixels/{theirs}/delete", {"confirm_name": "123456789012345"}).status_code == 404
    assert "123456789012345" not in admin.get("/pixels").text


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_a_csrf_token_changes_nothing(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID], path: str
) -> None:
    id = make_pixel()
    form: dict[str, Any] = {**NEW, "pixel_id": "777", "confirm_name": "123456789012345", "description": "forged"}
    assert admin.post(f"/pixels{path.format(id=id)}", data=form).status_code == 400
    with app.app_context():
        assert [pixel.description for pixel in db.session.scalars(select(Pixel))] == [None]


@pytest.mark.parametrize("id", ["x", "0" * 32, "a" * 5000, "..%2f"])
def test_an_odd_id_is_a_404(admin: Browser, id: str) -> None:
    assert admin.get(f"/pixels/{id}").status_code == 404


def test_no_token_is_written_to_a_log(admin: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    admin.submit("/pixels", NEW)
    admin.submit("/pixels", {**NEW, "pixel_id": "bad"})
    assert TOKEN not in caplog.text


def test_an_inactive_pixel_is_told_apart_by_a_word(app: Flask, admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    make_pixel(active=False)
    assert "Inativo" in admin.get("/pixels", headers=HTMX).text
    with app.app_context(), write() as session:
        session.execute(update(Pixel).values(active=True))
        session.execute(update(Target).values(state="paused"))
    assert "Pausado" in admin.get("/pixels", headers=HTMX).text
