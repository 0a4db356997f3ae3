"""The bell, the page and the API: who sees what, 204, words that hostile names cannot break."""

from __future__ import annotations

import pytest

from app.attention.checks import Found, Severity
from app.outbound.models import TargetState
from tests.people import HTMX, asking_again

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = """<script>alert(1)</script>"'%(target)s{{7*7}}"""


@pytest.fixture
def refused(desk, make_pixel):
    """A Meta pixel whose token is refused, with two events that wait, and a name that means no good."""
    pixel = make_pixel("facebook")
    desk.owe(pixel, 2)
    desk.change(pixel, label=HOSTILE, state=TargetState.PAUSED, reason_code="auth", reason=HOSTILE)
    desk.look()
    return pixel


@pytest.mark.parametrize(
    ("role", "next_step"),
    [
        ("admin", "/pixels/{}/edit"),
        ("manager", "/pixels/{}"),
        ("operator", "/deliveries/targets/{}"),
        ("viewer", "/deliveries/targets/{}"),
    ],
)
def test_every_role_sees_it_with_a_step_that_it_may_take(request, refused, role, next_step):
    html = request.getfixturevalue(role).get("/attention").text

    assert "token recusado" in html
    assert "2 eventos aguardam" in html
    assert f'href="{next_step.format(refused)}"' in html
    assert ("Um administrador pode" in html) is (role != "admin")


def test_hostile_names_are_text(admin, refused):
    html = admin.get("/attention").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "%(target)s{{7*7}}" in html


def test_the_bell_counts_and_says_so(admin, refused):
    html = admin.get("/profile").text
    assert 'aria-label="Atenção: 1 aviso precisa de uma ação (1 é urgente)"' in html
    assert 'href="/attention"' in html


def test_a_bell_and_a_page_that_stand_still_are_204(admin, refused, desk):
    page = admin.get("/attention").text
    asking = {url: asking_again(page, url) for url in ("/attention", "/attention/bell")}
    for url, headers in asking.items():
        answer = admin.get(url, headers=headers)
        assert (answer.status_code, answer.data) == (204, b"")

    desk.change(refused, state=TargetState.ACTIVE, reason_code=None, reason=None)
    desk.look()

    for url, headers in asking.items():
        answer = admin.get(url, headers=headers)
        assert answer.status_code == 200
        assert "<html" not in answer.text


def test_it_goes_to_the_resolved_ones_with_how_long_it_lasted(admin, refused, desk, register):
    desk.change(refused, state=TargetState.ACTIVE, reason_code=None, reason=None)
    desk.look()

    html = admin.get("/attention").text

    assert "Está tudo em ordem" in html
    assert "Resolvidos nos últimos 7 dias" in html
    assert "segundo" in html


def test_opening_the_page_looks_by_itself(admin, desk, make_pixel):
    desk.change(make_pixel("facebook"), state=TargetState.PAUSED, reason_code="auth", reason="no")
    assert desk.open() == []

    assert "token recusado" in admin.get("/attention").text


def test_strangers_see_nothing_of_it(other_admin, anonymous, refused):
    assert "Está tudo em ordem" in other_admin.get("/attention").text
    assert "nenhum aviso" in other_admin.get("/profile").text
    assert anonymous.get("/attention").status_code == 303
    assert anonymous.get("/attention/bell", headers=HTMX).status_code == 401


def test_odd_marks_only_show_the_page(admin, refused):
    for mark in ("", "x", "1-0", "é", "9" * 5000):
        for path in ("/attention", "/attention/bell"):
            assert admin.get(path, headers={**HTMX, "X-Shown": mark}).status_code == 200


def test_the_api_tells_the_same(client, refused, admin_token, viewer_token, desk):
    answer = client.get("/api/attention", headers=admin_token).get_json()
    (found,) = answer["data"]
    assert set(found) == {
        "id", "kind", "severity", "subject", "title", "text", "advice", "nextStep", "raisedAt", "resolvedAt",
    }  # fmt: skip
    assert (found["kind"], found["severity"], found["nextStep"]) == (
        "token_refused", "danger", f"/pixels/{refused}/edit",
    )  # fmt: skip
    assert (
        client.get("/api/attention", headers=viewer_token).get_json()["data"][0]["nextStep"].startswith("/deliveries/")
    )

    desk.change(refused, state=TargetState.ACTIVE, reason_code=None)
    desk.look()

    assert client.get("/api/attention?state=open", headers=admin_token).get_json()["data"] == []
    resolved = client.get("/api/attention?state=resolved", headers=admin_token).get_json()["data"]
    assert resolved[0]["resolvedAt"] is not None
    assert client.get("/api/attention?state=all", headers=admin_token).status_code == 400
    assert client.get("/api/attention").status_code == 401


def test_a_stranger_gets_an_empty_list_from_the_api(client, refused, app, other_account):
    from tests.people import bearer

    assert client.get("/api/attention", headers=bearer(app, other_account)).get_json()["pagination"]["total"] == 0


def test_metrics_count_what_is_open_and_measure_the_machines(client, refused, desk):
    desk.beat("deliver", disk_free=5_000, disk_total=10_000, clock_skew_ms=-1500)

    text = client.get("/metrics").text

    assert 'kalitrack_findings_open{kind="token_refused",severity="danger"} 1.0' in text
    assert 'kalitrack_disk_free_bytes{host="one",process="deliver-one"} 5000.0' in text
    assert 'kalitrack_clock_skew_seconds{host="one",process="deliver-one"} -1.5' in text


def test_the_worst_comes_first_then_the_oldest(admin, desk, register):
    found = [
        Found(None, "disk_low", "b", Severity.WARNING, {"host": "segundo", "free_mb": 900, "total_mb": 9000}),
        Found(None, "disk_low", "c", Severity.DANGER, {"host": "primeiro", "free_mb": 100, "total_mb": 9000}),
    ]
    register("test", ("disk_low",), lambda _look: found)

    html = admin.get("/attention").text

    assert html.index("primeiro") < html.index("segundo")
    assert "100 MB de 8,8 GB" in html
