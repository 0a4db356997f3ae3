"""The pages of the team."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from tests.people import Browser, Person, sign_in

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database


@pytest.fixture
def admin(app: Flask, boss: Person) -> Browser:
    return sign_in(app, boss)


@pytest.fixture
def rui(make_user: Any) -> Person:
    found: Person = make_user("viewer", email="rui@example.com", name="Rui <b>Lima</b>")
    return found


def test_the_list_holds_people_and_invitations_and_filters(admin: Browser, rui: Person, give_factor: Any) -> None:
    give_factor(rui)
    admin.submit("/team/invite", {"email": "nina@example.com", "role": "manager"})
    whole = admin.get("/team").text
    assert all(text in whole for text in ("Rui &lt;b&gt;Lima", "boss@example.com", "nina@example.com", "(você)"))
    shown = {
        "state=invited": ["nina"],
        "state=active": ["boss", "rui"],
        "role=viewer": ["rui"],
        "second_factor=yes": ["rui"],
        "second_factor=no": ["boss", "nina"],
        "q=LIMA": ["rui"],
        "q=nina@": ["nina"],
        "q=%25": [],
        "sort=-lastSeenAt": ["boss", "nina", "rui"],
        "state=odd&role=odd&second_factor=odd&sort=odd&page=x": ["boss", "nina", "rui"],
    }
    for query, expected in shown.items():
        text = admin.get(f"/team?{query}").text
        assert [name for name in ("boss", "nina", "rui") if f"{name}@example.com</td>" in text] == expected, query
    order = [
        re.findall(r'<td class="wide">(\w+)@', admin.get(f"/team?sort={sort}").text) for sort in ("email", "-email")
    ]
    assert order == [["boss", "nina", "rui"], ["rui", "nina", "boss"]]


@sqlite
def test_a_role_is_changed_and_a_stale_form_says_so(admin: Browser, rui: Person, person: Any) -> None:
    path = f"/team/{rui.id}/role"
    assert re.search(r'<input checked[^>]*value="viewer"', admin.get(path).text)
    answer = admin.submit(path, {"role": "operator", "version": "1"})
    assert (answer.headers["Location"], person(rui).role) == (f"/team/{rui.id}", "operator")
    for form in ({"role": "manager", "version": "1"}, {"role": "root", "version": "2"}, {"role": "admin"}):
        assert admin.submit(path, form).status_code == 422
    assert person(rui).role == "operator"


@sqlite
def test_somebody_is_disabled_enabled_signed_out_and_removed_by_name(admin: Browser, rui: Person, person: Any) -> None:
    path = f"/team/{rui.id}"
    assert admin.submit(f"{path}/disable").headers["Location"] == path
    assert not person(rui).is_active
    assert "Desativado" in admin.get(path).text
    admin.submit(f"{path}/enable")
    assert person(rui).is_active
    assert admin.submit(f"{path}/end-sessions").status_code == 303
    assert admin.submit(f"{path}/remove", {"confirm_name": "somebody else"}).status_code == 422
    assert person(rui) is not None
    assert admin.submit(f"{path}/remove", {"confirm_name": "rui@example.com"}).headers["Location"] == "/team"
    assert person(rui) is None


@sqlite
def test_an_invitation_is_sent_again_and_withdrawn(admin: Browser, boss: Person, rui: Person, letters: Any) -> None:
    for email in ("boss@example.com", "no address", ""):
        assert admin.submit("/team/invite", {"email": email, "role": "viewer"}).status_code == 422
    admin.submit("/team/invite", {"email": "nina@example.com", "role": "manager"})
    link = next(part for part in admin.get("/team").text.split('"') if part.startswith("/team/invitations/"))
    assert "boss@example.com" in admin.get(link).text
    assert admin.submit(f"{link}/resend").headers["Location"] == link
    assert len(letters(boss.account_id)) == 2
    assert admin.submit(f"{link}/withdraw").headers["Location"] == "/team"
    assert [admin.get(link).status_code, admin.submit(f"{link}/resend").status_code] == [404, 404]


@sqlite
def test_oneself_and_others_accounts_are_out_of_reach(
    admin: Browser, boss: Person, other_account: Person, manager: Browser
) -> None:
    own = f"/team/{boss.id}"
    assert f"{own}/role" not in admin.get(own).text
    verbs = ("disable", "enable", "end-sessions", "reset-second-factor", "role", "remove")
    form = {"role": "viewer", "version": "1", "confirm_name": boss.email}
    assert {admin.submit(f"{own}/{verb}", form).status_code for verb in verbs} <= {409, 422}
    theirs = f"/team/{other_account.id}"
    form["confirm_name"] = other_account.email
    assert {admin.submit(f"{theirs}/{verb}", form).status_code for verb in verbs} == {404}
    assert admin.get(theirs).status_code == 404
    assert {manager.get(path).status_code for path in ("/team", own, "/team/invite")} == {403}
    assert {manager.submit(f"{own}/{verb}", form).status_code for verb in verbs} == {403}
