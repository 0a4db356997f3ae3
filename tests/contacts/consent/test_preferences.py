"""The page on which a person says what they want to receive, by the link that they were sent."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.contacts import service as contacts
from app.contacts.consent import links, reading
from app.contacts.consent.models import Suppression
from app.contacts.merging import service as merging
from app.contacts.models import Contact
from app.core.access import Actor
from app.core.db import db, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ANA = {"name": "Ana", "phoneNumber": "(11) 98765-4321", "email": "ana@example.com"}
CROSS_SITE = {"Sec-Fetch-Site": "cross-site"}
Make = Callable[..., UUID]


@pytest.fixture
def ana(actor: Actor, make_contact: Make) -> UUID:
    return make_contact(**ANA)


def states(actor: Actor, id: UUID) -> tuple[str, str]:
    db.session.remove()
    contact = contacts.get(actor.account_id, id)
    return contact.whatsapp_consent, contact.email_consent


def path_of(id: UUID) -> str:
    return f"/preferences/{links.token_of(id)}"


def send(client: FlaskClient, id: UUID, **form: object) -> TestResponse:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get(path_of(id)).text)
    assert found is not None
    return client.post(path_of(id), data={"form_token": found[1], **form})


def test_a_person_chooses_stops_everything_and_comes_back(client: FlaskClient, actor: Actor, ana: UUID) -> None:
    page = client.get(path_of(ana), headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "What you want to receive" in page.text
    assert "•••4321" in page.text
    assert "a•••@e•••.com" in page.text
    assert "ana@example.com" not in page.text
    kept = (page.headers["Referrer-Policy"], page.headers["X-Robots-Tag"], page.headers.get("Set-Cookie"))
    assert kept == ("no-referrer", "noindex, nofollow", None)
    assert states(actor, ana) == ("unknown", "unknown")  # a scanner of mail looked at it, and changed nothing
    assert send(client, ana, channel=["whatsapp", "email"]).status_code == 303
    assert states(actor, ana) == ("granted", "granted")
    send(client, ana, channel=["email"], stop="all")
    assert states(actor, ana) == ("denied", "denied")
    assert len(db.session.scalars(select(Suppression)).all()) == 2
    send(client, ana, channel=["email"])
    assert states(actor, ana) == ("denied", "granted")
    assert [row.channel for row in db.session.scalars(select(Suppression))] == ["whatsapp"]
    entry = reading.log_of(db.session(), actor.account_id, ana).rows[0]
    assert (entry.source, entry.ip_address, entry.actor) == ("preferences", "127.0.0.1", None)


def test_the_page_speaks_the_language_of_the_person(client: FlaskClient, actor: Actor, make_contact: Make) -> None:
    english = path_of(make_contact(**ANA, locale="en"))
    assert 'lang="en"' in client.get(english, headers={"Accept-Language": "pt-BR"}).text
    assert '<html lang="pt-BR"' in client.get(f"{english}?lang=pt_BR").text


def test_only_our_own_page_sends_the_form(
    client: FlaskClient, actor: Actor, ana: UUID, make_contact: Make, travel: Callable[[timedelta], None]
) -> None:
    other = links.form_token(make_contact(name="Rui"))
    for forged in ({}, {"form_token": ""}, {"form_token": "1.é"}, {"form_token": other}):
        assert client.post(path_of(ana), data={**forged, "stop": "all"}).status_code == 400
    good = {"form_token": links.form_token(ana), "stop": "all"}
    assert client.post(path_of(ana), data=good, headers=CROSS_SITE).status_code == 403
    travel(timedelta(hours=25))
    assert client.post(path_of(ana), data=good).status_code == 400
    assert states(actor, ana) == ("unknown", "unknown")


def test_mail_programs_unsubscribe_with_one_click(client: FlaskClient, actor: Actor, ana: UUID) -> None:
    path = f"{path_of(ana)}/unsubscribe"
    assert client.get(path).headers["Location"].startswith(path_of(ana))
    assert client.post(path, data={"List-Unsubscribe": "No"}).status_code == 400
    assert states(actor, ana) == ("unknown", "unknown")
    for _again in range(2):
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer.headers.get("Set-Cookie")) == (200, None)
    assert states(actor, ana) == ("unknown", "denied")
    assert len(reading.log_of(db.session(), actor.account_id, ana).rows) == 1


def test_a_link_lives_as_long_as_its_contact(client: FlaskClient, actor: Actor, ana: UUID, make_contact: Make) -> None:
    kept, path = make_contact(name="Ana Souza", email="ana.souza@example.com"), path_of(ana)
    with write():
        merging.merge(actor, kept, ana, ["phoneNumber"])
    client.post(f"{path}/unsubscribe", data={"List-Unsubscribe": "One-Click"})
    assert states(actor, kept) == ("unknown", "denied")  # of who was merged into another one: that one's
    with write():
        contacts.delete(actor, kept)
    assert "a•••@e•••.com" in client.get(path).text  # may be brought back, so its no still counts
    with write() as session:
        session.delete(session.scalars(select(Contact).where(Contact.id == kept)).one())
    gone = client.get(path)
    assert gone.status_code == 200
    assert "form_token" not in gone.text
    assert client.post(path, data={"stop": "all"}).status_code == 200
    assert client.post(f"{path}/unsubscribe", data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_a_wrong_link_says_so_and_guessing_ends(client: FlaskClient, actor: Actor, ana: UUID) -> None:
    token = links.token_of(ana)
    wrong = ["x", token[:-1], token + "A", "A" * 43, token[:-1] + ("A" if token[-1] != "A" else "B"), "%00", "é" * 43]
    for one in wrong:
        answer = client.get(f"/preferences/{one}")
        assert answer.status_code in (400, 404)
        assert "Traceback" not in answer.text
    letters = string.ascii_letters + string.digits + "-_"
    assert [one for one in letters if links.contact_id_of(token[:-1] + one)] == [token[-1]]
    assert client.get(f"/preferences/{wrong[3]}").headers["Referrer-Policy"] == "no-referrer"
    codes = {client.get("/preferences/guess").status_code for _ in range(60)}
    assert codes == {404, 429}
    assert client.get(path_of(ana)).status_code == 200
