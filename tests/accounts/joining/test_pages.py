"""The pages of coming in and back in."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.accounts.models import User, UserSession
from tests.accounts.joining.calls import EMAIL, FORM, NEW, PASSWORD, rows
from tests.letters import last_letter, letters
from tests.people import Browser, new_browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CHOSEN = {"password": NEW, "repeated": NEW}


def test_an_account_is_opened_from_the_sign_in_page(app: Flask, anonymous: Browser) -> None:
    assert 'href="/register"' in anonymous.get("/login").text
    assert anonymous.get("/register").status_code == 200
    assert anonymous.submit("/register", FORM).headers["Location"] == "/verify"
    assert anonymous.get("/verify").status_code == 200
    path = last_letter(app, EMAIL).path

    page = new_browser(app).get(path)
    assert "Loja Azul" in page.text
    assert rows(app, User.id) == []
    answer = anonymous.submit(path, {"password": PASSWORD})

    assert (answer.headers["Location"], answer.headers["Referrer-Policy"]) == ("/", "no-referrer")
    assert rows(app, UserSession.user_id) == rows(app, User.id)
    assert "A sua conta está aberta." in anonymous.get("/").text
    assert anonymous.get("/team").status_code == 200
    assert new_browser(app).get(path).status_code == 404


def test_without_the_password_of_the_registration_the_link_opens_nothing(app: Flask, anonymous: Browser) -> None:
    anonymous.submit("/register", FORM)
    path = last_letter(app, EMAIL).path
    for form, words in (({}, "obrigatório"), ({"password": NEW}, "cadastre-se você mesmo")):
        answer = anonymous.submit(path, form, htmx=True)
        assert (answer.status_code, answer.headers["Referrer-Policy"]) == (422, "no-referrer")
        assert answer.text.lstrip().startswith(f'<form method="post" action="{path}"')
        assert ('id="password-error"' in answer.text, words in answer.text, NEW in answer.text) == (True, True, False)
    assert rows(app, User.id) == rows(app, UserSession.id) == []
    assert anonymous.submit(path, {"password": PASSWORD}, htmx=True).headers["HX-Redirect"] == "/"


def test_what_is_wrong_is_said_beside_its_field_and_a_password_is_not_repeated(anonymous: Browser) -> None:
    for changes, field in (({"name": " "}, "name"), ({"email": "ana"}, "email"), ({"password": "curta"}, "password")):
        answer = anonymous.submit("/register", {**FORM, **changes}, htmx=True)
        assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
        assert answer.text.lstrip().startswith('<form method="post" action="/register"')
        assert PASSWORD not in answer.text
    for path in ("/register", "/verify", "/forgot"):
        assert anonymous.submit(path).status_code == 422


@pytest.mark.parametrize("registration", ["closed"])
def test_a_closed_service_explains_itself(app: Flask, anonymous: Browser) -> None:
    assert 'href="/register"' not in anonymous.get("/login").text
    page = anonymous.get("/register")
    assert (page.status_code, 'name="email"' in page.text) == (200, False)
    assert "convite" in page.text
    assert anonymous.submit("/register", FORM).status_code == 403
    assert anonymous.submit("/verify", {"email": EMAIL}).status_code == 403
    assert letters(app) == []


def test_another_letter_is_a_button_away_and_speaks_the_language_of_the_page(app: Flask, anonymous: Browser) -> None:
    anonymous.set_cookie("locale", "en")
    anonymous.submit("/register", FORM)
    answer = anonymous.submit("/verify", {"email": EMAIL}, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/verify")
    assert [letter.subject for letter in letters(app, EMAIL)] == ["Confirm your e-mail address"] * 2


def test_a_dead_link_is_a_page_that_says_what_to_do(anonymous: Browser) -> None:
    for path in ("/verify/", "/reset/", "/profile/email/"):
        for answer in (anonymous.get(path + "x" * 43), anonymous.submit(path + "x" * 43, CHOSEN)):
            assert (answer.status_code, answer.headers["Referrer-Policy"]) == (404, "no-referrer")
            assert "Este link não funciona mais" in answer.text
            assert 'class="btn btn-primary"' in answer.text


def test_an_address_taken_meanwhile_is_a_page_in_words(app: Flask, anonymous: Browser, make_user: Any) -> None:
    anonymous.submit("/register", FORM)
    make_user(email=EMAIL)
    path, form = last_letter(app, EMAIL).path, {"password": PASSWORD}
    for answer in (anonymous.submit(path, form), anonymous.submit(path, form, htmx=True)):
        assert (answer.status_code, "Enquanto isso" in answer.text) == (409, True)


def test_a_forgotten_password_is_replaced(app: Flask, anonymous: Browser, make_user: Any) -> None:
    person = make_user(email="ana@example.com")
    assert 'href="/forgot"' in anonymous.get("/login").text
    assert anonymous.submit("/forgot", {"email": person.email}).headers["Location"] == "/forgot/sent"
    assert anonymous.get("/forgot/sent").status_code == 200
    path = last_letter(app, person.email).path

    wrong = anonymous.submit(path, {**CHOSEN, "repeated": NEW + "?"}, htmx=True)
    assert (wrong.status_code, NEW in wrong.text) == (422, False)
    assert anonymous.submit(path, {"password": "curta", "repeated": "curta"}).status_code == 422
    answer = anonymous.submit(path, CHOSEN)

    assert answer.headers["Location"] == "/login"
    assert "Senha alterada." in anonymous.get("/login").text
    assert rows(app, UserSession.id) == []
    assert anonymous.submit("/login", {"email": person.email, "password": NEW}).status_code == 303
    assert new_browser(app).get(path).status_code == 404


def test_a_form_without_its_token_changes_nothing(app: Flask, anonymous: Browser, make_user: Any) -> None:
    person = make_user(email="ana@example.com")
    anonymous.submit("/forgot", {"email": person.email})
    path = last_letter(app, person.email).path
    for target, form in (("/register", FORM), ("/forgot", {"email": person.email}), (path, CHOSEN)):
        assert new_browser(app).post(target, data=form).status_code == 400
    assert len(letters(app)) == 1


def test_asked_too_often_is_a_page_with_a_time_to_wait(anonymous: Browser, make_user: Any) -> None:
    person = make_user(email="ana@example.com")
    answers = [anonymous.submit("/forgot", {"email": person.email}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 60
