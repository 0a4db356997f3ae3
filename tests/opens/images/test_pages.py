"""/images: library, upload, detail with its live check, changes; what people may do there."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.db import db
from app.opens.images.picture import MAX_BYTES
from tests.opens.images.samples import SVG, made
from tests.opens.opens_fixtures import GMAIL, asked, keys_of, loads, misses, opens, record
from tests.people import HTMX, Browser, asking_again

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def files(*given: tuple[bytes, str], **fields: str) -> dict[str, Any]:
    return {"file": [(BytesIO(content), name) for content, name in given or [(made(), "logo.png")]], **fields}


def test_an_empty_library_teaches_the_tag(admin: Browser, viewer: Browser) -> None:
    shown = admin.get("/images").text
    assert "&lt;img src=&#34;http://127.0.0.1:5001/image/logo.png?id_fatura=[ID]&#34; alt=&#34;&#34;&gt;" in shown
    assert 'href="/images/new"' in shown
    assert 'href="/images/new"' not in viewer.get("/images").text


def test_an_image_is_uploaded_and_shown_with_what_to_copy(app: Flask, admin: Browser) -> None:
    answer = admin.submit("/images", files((made("JPEG"), "<b>Verão</b>.jpg")), htmx=True)
    url = answer.headers["HX-Redirect"]
    shown = admin.get(url).text

    assert (answer.status_code, url[:8]) == (204, "/images/")
    assert "/image/b.jpg?id_fatura=*|FATURA|*" in shown
    assert "hashlib" in shown
    assert "b.jpg?preview=" in shown
    assert "<b>Ver" not in shown
    picture = admin.get(f"{url}/picture?v=1")
    assert (picture.content_type, picture.data) == ("image/jpeg", made("JPEG"))
    assert "private" in picture.headers["Cache-Control"]
    assert picture.headers["X-Content-Type-Options"] == "nosniff"


def test_several_files_are_uploaded_at_once_and_one_bad_one_stops_all(admin: Browser) -> None:
    bad = admin.submit("/images", files((made(), "a.png"), (SVG, "vetor.svg"), name="nome"), htmx=True)
    assert bad.status_code == 422
    assert bad.text.lstrip().startswith("<form")
    assert "vetor.svg: SVG" in bad.text
    assert 'value="nome"' in bad.text
    answer = admin.submit("/images", files((made(), "a.png"), (made("GIF"), "b.png"), name="nome"))
    assert (answer.status_code, answer.location) == (303, "/images")
    rows = admin.get("/images?sort=file", headers=HTMX).text
    assert rows.lstrip().startswith('<div id="images-rows"')
    assert re.findall(r">([\w-]+\.(?:png|gif))<", rows) == ["a.png", "b.gif"]


def test_useless_uploads_come_back_with_a_word(admin: Browser) -> None:
    large = made() + b"\0" * MAX_BYTES
    many = files(*[(made(size=(1, 1)), f"{number}.png") for number in range(21)])
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 422),
        ({"file": "text"}, 422),
        (files((b"", "empty.png")), 422),
        (files((large, "large.png")), 422),
        (files((large, "a.png"), (large, "b.png")), 413),
        (many, 422),
        (files(name="x" * 121), 422),
        (files((made(), "a.png"), (made(), "b.png"), wanted="c.png"), 422),
        (files(wanted="../c.png"), 422),
    ]
    for sent, status in cases:
        answer = admin.submit("/images", sent)
        assert answer.status_code == status, sent
        assert status == 413 or "is-invalid" in answer.text or 'role="alert"' in answer.text
    assert "logo.png</div>" not in admin.get("/images").text


def test_a_file_that_mails_ask_for_is_offered_and_uploaded_under_its_name(app: Flask, admin: Browser) -> None:
    record(
        app,
        [asked("FAT1", "promo.v2.png"), asked("FAT2", "promo.v2.png"), asked("{{id}}", "a.png"), asked("", "b.png")],
    )
    shown = admin.get("/images").text
    assert 'href="/images/new?file=promo.v2.png"' in shown
    assert all(word in shown for word in ("2 carregamentos", "a.png", "b.png", "/opens/log?file=promo.v2.png"))
    assert "promo.v2.png" in admin.get("/images/new?file=promo.v2.png").text
    assert "<script>" not in admin.get("/images/new?file=<script>x.png").text

    answer = admin.submit("/images", files((made("JPEG"), "outro nome.jpg"), wanted="promo.v2.png"))
    assert answer.status_code == 303
    assert 'href="/images/new?file=promo.v2.png"' not in admin.get("/images").text
    assert "promo.v2.png" in admin.get("/images?q=promo").text


def test_the_live_check_waits_and_then_tells_of_the_first_open(
    app: Flask, admin: Browser, make_image: Callable[..., UUID]
) -> None:
    url = f"/images/{make_image('logo.png')}"
    page = admin.get(f"{url}?ref=FAT%26001").text
    assert "id_fatura=FAT%26001&#34;" in page
    assert re.search(r"id_fatura=TESTE-\w{6}&#34;", admin.get(url).text)
    headers = asking_again(page, f"{url}/check?ref=FAT%26001")
    assert admin.get(f"{url}/check?ref=FAT%26001", headers=headers).status_code == 204

    record(app, [asked("FAT&001", "other.png"), asked("FAT&001", "logo.png", agent=GMAIL)])
    told = admin.get(f"{url}/check?ref=FAT%26001", headers=headers)
    assert told.status_code == 200
    assert told.text.lstrip().startswith('<div id="images-check"')
    assert "FAT&amp;001" in told.text
    assert re.search(r"\d\d:\d\d:\d\d", told.text)
    assert "/opens/ids/timeline?ref=FAT%26001" in told.text


def test_figures_stand_beside_the_image(app: Flask, admin: Browser, make_image: Callable[..., UUID]) -> None:
    id = make_image("logo.png")
    record(app, [asked(f"FAT{number}", "logo.png") for number in range(3)])
    record(app, [asked("FAT9", "logo.png", agent="Mozilla/5.0")])
    assert f"/opens/log?image={id}" in admin.get("/images").text
    shown = " ".join(re.sub(r"<[^>]+>", " ", admin.get(f"/images/{id}").text).split())
    assert all(word in shown for word in ("Aberturas em 7 dias 3", "Aberturas em 28 dias 3", "Únicas em 28 dias 3"))
    assert "Automáticas em 28 dias 1" in shown


def test_an_image_is_renamed_replaced_and_deleted(admin: Browser, make_image: Callable[..., UUID]) -> None:
    url = f"/images/{make_image('logo.png')}"
    assert admin.submit(f"{url}/edit", {"name": "Logo", "signed_only": "y", "version": "1"}).location == url
    stale = admin.submit(f"{url}/edit", {"name": "Outro", "version": "1"}, htmx=True)
    assert (stale.status_code, 'value="Outro"' in stale.text, 'value="2"' in stale.text) == (422, True, True)
    assert admin.submit(f"{url}/edit", {"name": " ", "version": "2"}).status_code == 422

    stale = admin.submit(f"{url}/content", files((made("GIF"), "x.gif"), version="1"), htmx=True)
    assert (stale.status_code, 'id="images-content"' in stale.text) == (422, True)
    assert admin.submit(f"{url}/content", files((SVG, "x.svg"), version="2")).status_code == 422
    assert admin.submit(f"{url}/content", {"version": "2"}).status_code == 422
    assert admin.submit(f"{url}/content", files((made("GIF"), "x.gif"), version="2")).location == url
    assert admin.get(f"{url}/picture").content_type == "image/gif"

    wrong = admin.submit(f"{url}/delete", {"confirm_name": "logo"}, htmx=True)
    assert (wrong.status_code, "images-danger-error" in wrong.text) == (422, True)
    assert "ponto transparente" in admin.get(f"{url}/delete").text
    assert admin.submit(f"{url}/delete", {"confirm_name": "logo.png"}).location == "/images"
    assert admin.get(url).status_code == 404


def test_an_administrator_sees_the_signing_key_and_that_is_noted(
    app: Flask, admin: Browser, manager: Browser, other_admin: Browser, make_image: Callable[..., UUID]
) -> None:
    url = f"/images/{make_image()}"
    key = keys_of(app).signing[0].hex()
    assert key not in admin.get(url).text
    assert key in admin.submit(f"{url}/key").text
    assert manager.submit(f"{url}/key").status_code == 403
    assert other_admin.submit(f"{url}/key").status_code == 404
    assert f"{url}/key" not in manager.get(url).text
    with app.app_context():
        noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "opens.key_shown")).all()
        assert [entry.user_id for entry in noted] == [admin.person.id]
        assert key not in str(noted[0].changes)


def test_what_is_changed_here_is_what_mails_get(app: Flask, admin: Browser, make_image: Callable[..., UUID]) -> None:
    mail = app.test_client()
    assert loads(mail, "/image/logo.png?id_fatura=FAT1").data != made()
    url = f"/images/{make_image('logo.png')}"
    assert loads(mail, "/image/logo.png?id_fatura=FAT1").data == made()
    admin.submit(f"{url}/content", files((made("GIF"), "x.gif")))
    assert loads(mail, "/image/logo.png?id_fatura=FAT1").content_type == "image/gif"
    admin.submit(f"{url}/edit", {"name": "Logo", "signed_only": "y"})
    loads(mail, "/image/logo.png?id_fatura=FAT2")
    preview = re.search(r"http://127.0.0.1:5001(/image/logo.png\?preview=[\w.]+)", admin.get(url).text)
    assert preview is not None
    assert loads(mail, f"{preview[1]}&id_fatura=FAT3").data == made("GIF")
    admin.submit(f"{url}/delete", {"confirm_name": "logo.png"})
    assert loads(mail, "/image/logo.png?id_fatura=FAT4").data != made("GIF")
    assert {row.ref for row in opens(app)} == {"FAT1", "FAT4"}
    assert misses(app)["unsigned", "logo.png"] == 1


GETS = ["/images/{id}", "/images/{id}/picture", "/images/{id}/check?ref=x", "/images"]
EDITS = ["/images/new", "/images/{id}/edit", "/images/{id}/delete"]
POSTS = ["/images", "/images/{id}/edit", "/images/{id}/content", "/images/{id}/delete"]


def test_who_may_not_edit_only_looks_and_another_account_sees_nothing(
    operator: Browser, viewer: Browser, manager: Browser, other_admin: Browser, make_image: Callable[..., UUID]
) -> None:
    id = make_image()
    for browser in (operator, viewer):
        assert {browser.get(path.format(id=id)).status_code for path in GETS} == {200}
        assert {browser.get(path.format(id=id)).status_code for path in EDITS} == {403}
        assert {browser.submit(path.format(id=id), files()).status_code for path in POSTS} == {403}
    assert {manager.get(path.format(id=id)).status_code for path in EDITS} == {200}
    assert {other_admin.get(path.format(id=id)).status_code for path in (*GETS[:3], *EDITS[1:])} == {404}
    assert {other_admin.submit(path.format(id=id), files()).status_code for path in POSTS[1:]} == {404}


def test_an_odd_url_still_shows_the_library(admin: Browser, make_image: Callable[..., UUID]) -> None:
    url = f"/images/{make_image()}"
    for query in ("sort=size", "page=abc", "q=%25", "q=" + "x" * 999, "page=99999999999"):
        assert admin.get(f"/images?{query}").status_code == 200
    for ref in ("", "%00", "%ED%A0%80", "x" * 400, "%3Cscript%3Ealert(1)", "%E2%80%AE", "%7B%7Bid%7D%7D", "%C3%A3"):
        assert admin.get(f"{url}/check?ref={ref}").status_code in (200, 400)
        assert "<script>alert" not in admin.get(f"{url}?ref={ref}").text
    assert admin.get("/images/x").status_code == admin.get("/images/x/picture").status_code == 404
