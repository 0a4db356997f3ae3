"""/deliveries: what each role sees and may do, the confirm step, odd queries, hostile words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.ids import uuid7
from app.outbound.models import Target
from tests.deliveries.conftest import Owe
from tests.jobs import run_jobs
from tests.outbound.ledger import Ledger
from tests.people import HTMX, Browser, asking_again

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
QUERY = ["state", "kind", "target", "error", "since", "until", "id", "after", "undo"]
HOSTILE = "<script>alert(1)</script>\"'{{7*7}}"
HASH = "f660ab912ec121d1b1e928a0bb4bc61b15f5ad44d5efdc4e1c92a25e99b8e44a"
ODD = [
    "state=gone", "kind=mail", "target=1", "error=boom", "since=yesterday", "until=9999-12-31", "since=0001-01-01",
    "id=1", "after=bm9uZQ", "after=%FF", "limit=-1", "limit=1e9", "undo=soon", "undo=9999-12-31T23:59:59.999999",
    "undo=0001-01-01", f"id={uuid7()}", f"target={uuid7()}", "state=dead&error=%27+OR+1%3D1", "x=" + "y" * 3000,
]  # fmt: skip


@pytest.fixture
def pixel(make_pixel: Callable[..., UUID]) -> UUID:
    return make_pixel("facebook")


def text(browser: Browser, path: str, status: int = 200, headers: dict[str, str] | None = None) -> str:
    answer = browser.get(path, headers=headers or {})
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the confirm page's form."""
    form = page[page.index('name="confirm_count"') - 100 :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)) | {"csrf_token": ""}


def test_each_state_has_its_tab_and_rows(viewer: Browser, pixel: UUID, owe: Owe, dead: Owe) -> None:
    (done,), (open_,), (lost,) = owe(pixel, status="done"), owe(pixel), dead(pixel)
    wanted: list[tuple[str, set[UUID]]] = [
        ("", {done, open_, lost}), ("?state=open", {open_}), ("?state=done", {done}), ("?state=dead", {lost}),
        ("/dead", {lost}), ("?state=paused", set()), ("?state=cancelled", set()),
        (f"?target={pixel}", {done, open_, lost}), ("?error=refused", {lost}), (f"?target={uuid7()}", set()),
    ]  # fmt: skip
    for query, ids in wanted:
        page = text(viewer, f"/deliveries{query}")
        assert {id_ for id_ in (done, open_, lost) if f'/deliveries/{id_}"' in page} == ids, query


def test_odd_queries_show_an_empty_list_or_say_what_is_odd(admin: Browser, pixel: UUID, dead: Owe) -> None:
    dead(pixel)
    for query in ODD:
        for path in ("/deliveries", "/deliveries/dead", "/deliveries/replay", "/deliveries/cancel"):
            assert admin.get(f"{path}?{query}").status_code in (200, 303), query
    assert "Este filtro não funciona" in text(admin, "/deliveries?state=gone")
    assert "/deliveries/019" not in text(admin, "/deliveries?state=gone")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["state", "kind", "target", "error", "since", "until", "id", "after", "undo"]), st.text()
    )
)
def test_any_query_is_answered(admin: Browser, query: dict[str, str]) -> None:
    clean = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    for path in ("/deliveries", "/deliveries/replay"):
        assert admin.get(f"{path}?{urlencode(clean)}").status_code in (200, 303, 400)


def test_viewers_see_no_buttons_and_may_not_post(viewer: Browser, manager: Browser, pixel: UUID, dead: Owe) -> None:
    (id,) = dead(pixel)
    for path in ("/deliveries/dead", f"/deliveries/{id}", f"/deliveries/targets/{pixel}"):
        page = text(viewer, path)
        assert "Reenviar" not in page
        assert "Reenviar" not in page
        assert 'name="reason"' not in page
    for path in ("replay", "cancel", f"{id}/replay", f"{id}/cancel"):
        assert viewer.submit(f"/deliveries/{path}").status_code == 403, path
    for path in ("pause", "resume", "reset"):
        assert viewer.submit(f"/deliveries/targets/{pixel}/{path}").status_code == 403, path
        assert manager.submit(f"/deliveries/targets/{pixel}/{path}").status_code == 403, path
    assert "Reenviar estas" in text(manager, "/deliveries/dead")


def test_another_account_finds_nothing(other_admin: Browser, pixel: UUID, dead: Owe) -> None:
    (id,) = dead(pixel)
    assert str(id) not in text(other_admin, "/deliveries")
    text(other_admin, f"/deliveries/{id}", 404)
    text(other_admin, f"/deliveries/targets/{pixel}", 404)
    assert other_admin.submit(f"/deliveries/{id}/replay").status_code == 404
    assert other_admin.submit(f"/deliveries/targets/{pixel}/pause", {"reason": "x"}).status_code == 404


def test_the_number_is_shown_first_and_looked_at_again(
    manager: Browser, pixel: UUID, dead: Owe, ledger: Ledger
) -> None:
    dead(pixel, 3)
    dead(pixel, 2, expires_at=clock.now() - timedelta(days=1))
    page = text(manager, "/deliveries/replay?state=dead")
    assert "5 entregas encontradas" in page
    assert "2 são antigas demais" in page
    assert "Reenviar 3 entregas" in page
    form = hidden(page)

    dead(pixel)
    moved = manager.submit("/deliveries/replay", form)
    assert (moved.status_code, "agora é 6" in moved.get_data(as_text=True)) == (409, True)
    assert ledger.statuses() == {"dead": 6}
    done = manager.submit("/deliveries/replay", hidden(moved.get_data(as_text=True)))
    assert (done.status_code, done.headers["Location"]) == (303, "/deliveries/dead")
    assert ledger.statuses() == {"dead": 2, "pending": 4}
    assert "4 entregas serão reenviadas." in text(manager, "/deliveries/dead")


def test_selected_ones_alone_are_meant_and_none_is_not_all(
    manager: Browser, pixel: UUID, dead: Owe, ledger: Ledger
) -> None:
    one, two, _three = dead(pixel, 3)
    answer = manager.get("/deliveries/replay?selected=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/deliveries?state=all")
    assert manager.get("/deliveries/replay?selected=1&state=dead").headers["Location"] == "/deliveries/dead"
    page = text(manager, f"/deliveries/replay?selected=1&id={one}&id={two}")
    assert "2 entregas encontradas" in page

    for ids in ([one, two], []):
        form: dict[str, Any] = {"state": "dead", "id": [str(id_) for id_ in ids] or "", "confirm_count": len(ids)}
        assert manager.submit("/deliveries/replay", form).status_code == 303
    assert ledger.statuses() == {"pending": 2, "dead": 1}
    for odd in ("", "x", "-1", "1.0", "9" * 40):
        assert manager.submit("/deliveries/replay", {"state": "dead", "confirm_count": odd}).status_code == 409


def test_thousands_become_a_job_with_its_page(app: Flask, manager: Browser, pixel: UUID, dead: Owe) -> None:
    dead(pixel, 501)
    answer = manager.submit("/deliveries/replay", {"state": "dead", "confirm_count": "501"})
    assert answer.headers["Location"].startswith("/jobs/")
    run_jobs(app)
    assert "501 entregas serão reenviadas." in text(manager, answer.headers["Location"])


def test_a_cancel_can_be_undone(manager: Browser, pixel: UUID, owe: Owe, ledger: Ledger) -> None:
    owe(pixel, 2)
    answer = manager.submit("/deliveries/cancel", {"state": "open", "confirm_count": "2"})
    assert ledger.statuses() == {"cancelled": 2}
    page = text(manager, answer.headers["Location"])
    assert "Desfazer: enviar todas as 2 mesmo assim" in page

    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page[page.index("alert-info") : page.index("Desfazer")]))
    undone = manager.submit("/deliveries/replay", fields)
    assert (undone.status_code, ledger.statuses()) == (303, {"pending": 2})


def test_the_page_of_a_waiting_one_asks_again_until_it_is_decided(manager: Browser, pixel: UUID, dead: Owe) -> None:
    (id,) = dead(pixel)
    assert 'hx-select="#content"' not in text(manager, f"/deliveries/{id}")
    manager.submit(f"/deliveries/{id}/replay")
    headers = asking_again(text(manager, f"/deliveries/{id}"), f"/deliveries/{id}")
    assert manager.get(f"/deliveries/{id}", headers=headers).status_code == 204
    manager.submit(f"/deliveries/{id}/cancel")
    assert manager.get(f"/deliveries/{id}", headers=headers).status_code == 200


def test_one_is_replayed_and_cancelled_from_its_page(manager: Browser, pixel: UUID, dead: Owe, ledger: Ledger) -> None:
    (id,) = dead(pixel)
    assert "Reenviar" in text(manager, f"/deliveries/{id}")
    assert manager.submit(f"/deliveries/{id}/replay").headers["Location"] == f"/deliveries/{id}"
    assert ledger.delivery(id).status == "pending"
    manager.submit(f"/deliveries/{id}/replay")
    assert "Já está na espera" in text(manager, f"/deliveries/{id}")
    assert manager.submit(f"/deliveries/{id}/cancel", {"next": "/events"}).headers["Location"] == "/events"
    assert (ledger.delivery(id).status, ledger.delivery(id).error) == ("cancelled", "by_hand")


def test_the_list_is_not_sent_again_while_it_would_show_the_same(viewer: Browser, pixel: UUID, dead: Owe) -> None:
    dead(pixel)
    page = text(viewer, "/deliveries/dead", headers=HTMX)
    asking = asking_again(page, "/deliveries/dead")
    assert text(viewer, "/deliveries/dead", 204, asking) == ""
    dead(pixel)
    assert "deliveries-rows" in text(viewer, "/deliveries/dead", headers=asking)


def test_a_delivery_shows_its_attempts_and_the_masked_request(
    viewer: Browser, manager: Browser, pixel: UUID, dead: Owe, attempt: Callable[..., None]
) -> None:
    identity = {"em": [HASH], "client_ip_address": "203.0.113.77"}
    (id,) = dead(pixel, event={"identity": identity})
    attempt(id, 1, outcome="retry", http_status=503, detail="HTTP 503")
    attempt(id, 2, response='{"error": "Invalid parameter"}')

    seen = text(viewer, f"/deliveries/{id}")
    assert seen.index("Tentativa 2: Recusado pela plataforma") < seen.index("Tentativa 1: Falhou")
    assert "HTTP 503" in seen
    assert (HASH in seen, "203.0.113.77" in seen, "f660ab91…" in seen) == (False, False, True)
    whole = text(manager, f"/deliveries/{id}")
    assert (HASH in whole, "203.0.113.77" in whole) == (True, True)
    assert "token-of-123456789012345" not in seen + whole
    assert f'href="/events/track_{id.hex}"' in seen


def test_hostile_words_are_shown_as_words(
    admin: Browser, pixel: UUID, dead: Owe, attempt: Callable[..., None], ledger: Ledger
) -> None:
    event = {"event_name": HOSTILE, "click_id": HOSTILE, "fields": {"content_name": HOSTILE, "x": json.dumps(HOSTILE)}}
    (id,) = dead(pixel, detail=HOSTILE, response=HOSTILE, event=event)
    attempt(id, detail=HOSTILE, response=HOSTILE, outcome="odd")
    ledger.change(Target, pixel, label=HOSTILE, reason=HOSTILE, last_error=HOSTILE, state="paused")

    paths = ("", "/dead", f"/{id}", f"/targets/{pixel}", f"/replay?state=dead&target={pixel}", f"?target={HOSTILE}")
    for path in paths:
        page = text(admin, f"/deliveries{path}")
        assert "<script>alert" not in page, path
        assert "49" not in re.findall(r"&#34;&#39;(\d+)", page), path


def test_what_is_gone_still_has_a_page(admin: Browser, pixel: UUID, dead: Owe, ledger: Ledger) -> None:
    (id,) = dead(pixel)
    ledger.change(Target, pixel, state="deleted")
    admin.submit(f"/pixels/{pixel}/delete", {"confirm_name": "123456789012345"})

    page = text(admin, f"/deliveries/{id}")
    assert "Não pode mais ser montada" in page
    assert "Reenviar" not in page
    assert "Foi excluído" in text(admin, f"/deliveries/targets/{pixel}")
