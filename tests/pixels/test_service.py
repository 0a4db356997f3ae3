"""The verbs on pixels, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.accounts.models import AuditEntry
from app.core import config_version
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound import targets
from app.outbound.models import Target
from app.pixels import service
from app.pixels.models import TOKEN_PLACE, Pixel
from tests.pixels.conftest import TOKEN

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is tested is not in the database
pytestmark = pytest.mark.usefixtures("context")
NEW = {"platform": "facebook", "pixelId": "123456789012345", "accessToken": TOKEN, "description": "Loja São João"}


def test_a_created_pixel_has_a_target_of_the_same_id_and_only_a_sealed_token(actor: Actor) -> None:
    with write():
        id = service.create(actor, NEW).id

    pixel = db.session.get_one(Pixel, id)
    assert TOKEN not in pixel.sealed_token
    assert runtime().vault.open(TOKEN_PLACE, id, pixel.sealed_token) == TOKEN
    assert (pixel.token_last4, pixel.version, pixel.active) == ("9f3c", 1, True)
    assert (pixel.target.kind, pixel.target.state) == ("conversion", "active")
    assert pixel.target.label == "Meta 123456789012345 (Loja São João)"


@sqlite
def test_meta_is_stored_as_facebook(actor: Actor) -> None:
    with write():
        assert service.create(actor, {**NEW, "platform": "meta"}).platform == "facebook"


@sqlite
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"platform": "orkut"}, "platform"),
        ({"platform": None}, "platform"),
        ({"pixelId": ""}, "pixelId"),
        ({"pixelId": "12ab"}, "pixelId"),
        ({"pixelId": "1" * 33}, "pixelId"),
        ({"pixelId": "1" * 10_000}, "pixelId"),
        ({"platform": "kwai", "pixelId": "../x"}, "pixelId"),
        ({"platform": "kwai", "pixelId": "12é"}, "pixelId"),
        ({"accessToken": ""}, "accessToken"),
        ({"accessToken": "two words"}, "accessToken"),
        ({"accessToken": "a" * 2049}, "accessToken"),
        ({"accessToken": "ação"}, "accessToken"),
        ({"accessToken": "RVLUO5lPW4vzx1BNP1ous2qPmozuVmuXaKt_BklSIXo"}, "accessToken"),
        ({"description": "x" * 256}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"settings": {"siteUrl": "javascript:alert(1)"}}, "settings.siteUrl"),
        ({"settings": {"graphVersion": "v25"}}, "settings.graphVersion"),
        ({"settings": {"graphVersion": "v25.0\n"}}, "settings.graphVersion"),
        ({"settings": {"limitedDataUse": 1}}, "settings.limitedDataUse"),
        ({"settings": {"customEvents": ["x" * 51]}}, "settings.customEvents"),
        ({"settings": {"customEvents": "Lead"}}, "settings.customEvents"),
        ({"settings": {"eventMap": {"Purchase": "Buy"}}}, "settings.eventMap"),
        ({"settings": {"trackFlag": True}}, "settings.trackFlag"),
        ({"settings": []}, None),
        ({"settings": ["x"]}, "settings"),
        ({"platform": "kwai", "settings": {"eventMap": {"EVENT_PURCHASE": "Buy"}}}, "settings.eventMap"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(actor: Actor, wrong: dict[str, Any], field: str | None) -> None:
    if field is None:  # an empty list is as good as absent
        with write():
            assert service.create(actor, {**NEW, **wrong}).settings == {}
        return
    with pytest.raises(Invalid) as refused, write():
        service.create(actor, {**NEW, **wrong})

    assert list(refused.value.fields) == [field]
    assert "RVLUO5" not in str(refused.value)
    assert db.session.scalar(select(func.count()).select_from(Pixel)) == 0


@sqlite
def test_settings_are_kept_without_what_is_empty(actor: Actor) -> None:
    settings = {
        "graphVersion": "v24.0",
        "siteUrl": " https://loja.example.com/a ",
        "customEvents": ["Doação", "Doação", "Rifa"],
        "eventMap": {"EVENT_FORM_SUBMIT": "SubmitApplication"},
        "testEventCode": None,
        "limitedDataUse": False,
    }
    with write():
        stored = service.create(actor, {**NEW, "settings": settings}).settings
    assert stored == {
        "siteUrl": "https://loja.example.com/a",
        "graphVersion": "v24.0",
        "limitedDataUse": False,
        "eventMap": {"EVENT_FORM_SUBMIT": "SubmitApplication"},
        "customEvents": ["Doação", "Rifa"],
    }


def test_a_pixel_exists_once_per_account_and_platform(
    actor: Actor, stranger: Actor, make_pixel: Callable[..., UUID]
) -> None:
    make_pixel()
    make_pixel(platform="kwai")
    make_pixel(by=stranger)

    with pytest.raises(Conflict, match="123456789012345"), write():
        service.create(actor, NEW)
    assert db.session.scalar(select(func.count()).select_from(Target)) == 3


@sqlite
def test_a_sample_token_is_taken_in_development(
    make_settings: Callable[..., Any], database_url: str, actor: Actor
) -> None:
    from app import create_app

    development = create_app(make_settings(database_url=database_url, env="development"))
    with development.test_request_context(), write():
        assert service.create(actor, {**NEW, "accessToken": "track123456"}).token_last4 == ""
    runtime(development).engine.dispose()


def test_an_update_changes_what_is_given_and_counts_the_version(actor: Actor, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel(description="Loja", settings={"graphVersion": "v24.0"})
    with write():
        service.update(actor, id, {"description": "Loja 2", "active": False}, version=1)

    pixel = db.session.get_one(Pixel, id)
    assert (pixel.description, pixel.active, pixel.version) == ("Loja 2", False, 2)
    assert pixel.settings == {"graphVersion": "v24.0"}
    assert pixel.target.label == "Meta 123456789012345 (Loja 2)"


def test_an_update_that_changes_nothing_leaves_the_version(actor: Actor, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel(description="Loja")
    with write():
        service.update(actor, id, {"description": "Loja", "platform": "meta", "pixelId": "123456789012345"})
    assert db.session.get_one(Pixel, id).version == 1


def test_a_stale_version_is_a_conflict_with_the_current_pixel(actor: Actor, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel()
    with write():
        service.update(actor, id, {"description": "first"}, version=1)
    with pytest.raises(Conflict) as stale, write():
        service.update(actor, id, {"description": "second"}, version=1)
    assert stale.value.current.description == "first"


@sqlite
@pytest.mark.parametrize("moved", [{"platform": "kwai"}, {"pixelId": "999"}, {"platform": "orkut"}])
def test_platform_and_pixel_id_stay(actor: Actor, make_pixel: Callable[..., UUID], moved: dict[str, str]) -> None:
    id = make_pixel()
    with pytest.raises(Invalid), write():
        service.update(actor, id, moved)


@pytest.mark.parametrize(("code", "state"), [("auth", "active"), ("user", "paused")])
def test_a_new_token_resumes_what_the_platforms_refusal_paused(
    actor: Actor, make_pixel: Callable[..., UUID], code: str, state: str
) -> None:
    id = make_pixel()
    with write() as session:
        targets.pause(session.connection(), id, "Token expired", code)
    with write():
        service.update(actor, id, {"accessToken": "another-token-of-meta-77zz"})

    pixel = db.session.get_one(Pixel, id)
    assert (pixel.token_last4, pixel.target.state) == ("77zz", state)
    assert runtime().vault.open(TOKEN_PLACE, id, pixel.sealed_token) == "another-token-of-meta-77zz"


def test_a_deleted_pixel_leaves_a_deleted_target_and_may_come_back(
    actor: Actor, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    with write():
        service.delete(actor, id)

    assert db.session.get(Pixel, id) is None
    assert db.session.get_one(Target, id).state == "deleted"
    assert make_pixel() != id


def test_every_change_moves_the_config_version(actor: Actor) -> None:
    def moved(change: Callable[[], Any]) -> bool:
        before = config_version.current(db.session.connection())
        with write():
            change()
        return config_version.current(db.session.connection()) > before

    assert moved(lambda: service.create(actor, NEW))
    id = db.session.scalars(select(Pixel.id)).one()
    assert moved(lambda: service.update(actor, id, {"active": False}))
    assert moved(lambda: service.delete(actor, id))


def test_the_audit_has_every_change_and_no_token(actor: Actor, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel()
    with write():
        service.update(actor, id, {"accessToken": "another-token-of-meta-77zz", "active": False})
    with write():
        service.delete(actor, id)

    entries = list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.action for entry in entries] == ["pixel.created", "pixel.updated", "pixel.deleted"]
    assert entries[1].changes == {"active": [True, False], "accessToken": ["…9f3c", "…77zz"]}
    assert "token-" not in repr([(entry.changes, entry.subject) for entry in entries])


@pytest.mark.parametrize("verb", ["get", "update", "delete"])
def test_the_pixel_of_another_account_is_not_found(stranger: Actor, make_pixel: Callable[..., UUID], verb: str) -> None:
    id = make_pixel()
    calls: dict[str, Callable[[], Any]] = {
        "get": lambda: service.get(stranger.account_id, id),
        "update": lambda: service.update(stranger, id, {"description": "mine"}),
        "delete": lambda: service.delete(stranger, id),
    }
    with pytest.raises(NotFound), write():
        calls[verb]()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["3", "2", "1"]),
        ({"sort": "createdAt"}, ["1", "2", "3"]),
        ({"sort": "-pixelId"}, ["3", "2", "1"]),
        ({"platform": "meta"}, ["3", "1"]),
        ({"text": "promocao"}, ["1"]),
        ({"text": "PROMOÇÃO"}, ["1"]),
        ({"text": "%"}, ["3"]),
        ({"text": "_"}, []),
        ({"text": "2"}, ["2"]),
        ({"active": False}, ["2"]),
    ],
)
def test_search_filters_sorts_and_folds(
    account_id: UUID,
    make_pixel: Callable[..., UUID],
    stranger: Actor,
    query: dict[str, Any],
    expected: list[str],
) -> None:
    make_pixel(pixelId="1", description="Promoção")
    make_pixel(pixelId="2", platform="kwai", active=False)
    make_pixel(pixelId="3", description="100% algodão")
    make_pixel(pixelId="4", by=stranger, description="Promoção")

    found = db.session.scalars(service.search(account_id, **query))
    assert [pixel.pixel_id for pixel in found] == expected


@sqlite
@pytest.mark.parametrize("query", [{"platform": "orkut"}, {"sort": "sealed_token"}, {"sort": "--createdAt"}])
def test_search_refuses_what_it_cannot_do(account_id: UUID, query: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        service.search(account_id, **query)


def test_figures_count_each_platform_by_state(account_id: UUID, make_pixel: Callable[..., UUID]) -> None:
    make_pixel(pixelId="1")
    make_pixel(pixelId="2", active=False)
    paused = make_pixel(pixelId="3")
    with write() as session:
        session.execute(update(Target).where(Target.id == paused).values(state="paused"))

    figures = service.figures(account_id)
    assert figures["facebook"] == service.Figures(total=3, sending=1, paused=1, inactive=1)
    assert figures["kwai"] == service.Figures()


def test_a_rolled_back_creation_leaves_nothing(actor: Actor) -> None:
    with pytest.raises(RuntimeError, match="inside"), write():
        _create_and_fail(actor)
    assert db.session.scalar(select(func.count()).select_from(Target)) == 0
    assert service.find(uuid7(), [("kwai", "1")]) == {}


def _create_and_fail(actor: Actor) -> None:
    service.create(actor, NEW)
    with write():
        pass
