"""The verbs on images, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app.accounts.models import AuditEntry
from app.core import clock, config_version
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7
from app.opens.images import service
from app.opens.images.models import Image, ImageContent
from app.opens.images.picture import read_picture
from tests.opens.images.samples import made
from tests.opens.opens_fixtures import keys_of

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def version_of_all() -> int:
    db.session.rollback()
    return config_version.current(db.session.connection())


def test_an_image_lives_changes_and_goes_and_every_process_is_told(context: None, actor: Actor) -> None:
    gif = read_picture(made("GIF", size=(3, 4)))
    seen = [version_of_all()]
    with write():
        id = service.create(actor, read_picture(made()), given="Logo Novo.PNG").id
    seen.append(version_of_all())
    with write():
        service.replace(actor, id, gif, version=1)
    seen.append(version_of_all())
    with write():
        image = service.change(actor, id, {"name": " Logo\tnovo ", "signedOnly": True}, version=2)
    seen.append(version_of_all())

    assert (image.file, image.name, image.signed_only, image.version) == ("logo-novo.png", "Logo novo", True, 3)
    assert (image.content_type, image.width, image.height, image.size) == ("image/gif", 3, 4, len(gif.content))
    assert service.content(image) == gif.content
    with write():
        service.delete(actor, id, version=3)
    seen.append(version_of_all())
    assert seen == sorted(set(seen))
    assert db.session.scalar(select(func.count()).select_from(ImageContent)) == 0
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["image.created", "image.replaced", "image.updated", "image.deleted"]


def test_a_taken_name_gets_a_number_in_its_own_account_only(
    context: None, actor: Actor, stranger: Actor, make_image: Callable[..., UUID]
) -> None:
    files = [db.session.get_one(Image, make_image("logo.png")).file for _ in range(3)]
    assert files == ["logo.png", "logo-2.png", "logo-3.png"]
    assert db.session.get_one(Image, make_image("LOGO.png", stranger)).file == "logo.png"


@sqlite
def test_a_change_of_nothing_is_none_and_a_stale_one_is_refused(context: None, actor: Actor) -> None:
    with write():
        id = service.create(actor, read_picture(made()), given="a.png", name="A").id
    told = version_of_all()
    with write():
        assert service.change(actor, id, {"name": "A", "signedOnly": False}).version == 1
    assert version_of_all() == told
    for verb in (
        lambda: service.change(actor, id, {"name": "B"}, version=7),
        lambda: service.replace(actor, id, read_picture(made()), version=7),
        lambda: service.delete(actor, id, version=7),
    ):
        with pytest.raises(Conflict) as refusal, write():
            verb()
        assert refusal.value.current.id == id


@sqlite
def test_nobody_reaches_another_accounts_image(context: None, stranger: Actor, make_image: Callable[..., UUID]) -> None:
    id = make_image()
    for verb in (
        lambda: service.get(stranger.account_id, id),
        lambda: service.change(stranger, id, {"name": "mine"}),
        lambda: service.replace(stranger, id, read_picture(made())),
        lambda: service.delete(stranger, id),
        lambda: service.get(stranger.account_id, None),
    ):
        with pytest.raises(NotFound), write():
            verb()


@sqlite
def test_a_file_that_mails_ask_for_gets_just_that_name(context: None, actor: Actor) -> None:
    picture = read_picture(made("JPEG"))
    with write():
        assert service.create(actor, picture, given="foto.jpg", wanted="Promo.V2.png").file == "promo.v2.png"
    for wanted in ("promo.v2.png", "../x.png", "x.svg", "ã.png"):
        with pytest.raises(Invalid) as refusal, write():
            service.create(actor, picture, given="foto.jpg", wanted=wanted)
        assert list(refusal.value.fields) == ["wanted"]


@sqlite
def test_an_image_needs_a_name_that_can_be_read(context: None, make_image: Callable[..., UUID], actor: Actor) -> None:
    id = make_image()
    for name in ("", "   ", "\x00\x1b", "x" * 121):
        with pytest.raises(Invalid) as refusal, write():
            service.change(actor, id, {"name": name})
        assert list(refusal.value.fields) == ["name"]


@sqlite
@pytest.mark.parametrize(("images", "size"), [(1_000, 1), (5, 100 * 1024 * 1024)])
def test_a_full_account_takes_no_more_but_a_smaller_one_in_place(
    context: None, actor: Actor, make_image: Callable[..., UUID], images: int, size: int
) -> None:
    id, now = make_image("big.png", raw=made(size=(500, 500))), clock.now()
    row = {"account_id": actor.account_id, "name": "x", "content_type": "image/png", "width": 1, "height": 1}
    row |= {"size": size, "signed_only": False, "created_at": now, "updated_at": now, "version": 1}
    with write() as session:
        session.execute(insert(Image), [row | {"id": uuid7(), "file": f"{n}.png"} for n in range(images)])
    with pytest.raises(Invalid, match="500 MB") as refusal, write():
        service.create(actor, read_picture(made()), given="one-more.png")
    assert list(refusal.value.fields) == ["file"]
    if images > 5:
        with write():
            assert service.replace(actor, id, read_picture(made())).version == 2


@sqlite
def test_the_first_image_makes_the_accounts_keys(app: Flask, actor: Actor, make_image: Callable[..., UUID]) -> None:
    make_image()
    with app.app_context():
        told = version_of_all()
        assert len(keys_of(app, actor.account_id).signing) == 1
        assert version_of_all() == told


@sqlite
def test_images_are_found_by_name_and_file_and_sorted(
    context: None, actor: Actor, make_image: Callable[..., UUID]
) -> None:
    for given in ("b.png", "a_100%.png", "Natal.png"):
        make_image(given)

    def files(**asked: str) -> list[str]:
        return [image.file for image in db.session.scalars(service.search(actor.account_id, **asked))]

    assert files() == ["natal.png", "a_100.png", "b.png"]
    assert files(sort="file") == ["a_100.png", "b.png", "natal.png"]
    assert files(text="NATAL") == ["natal.png"]
    assert files(text="100%") == ["a_100.png"]
    assert files(text="_") == ["a_100.png"]
    with pytest.raises(Invalid):
        service.search(actor.account_id, sort="size")
