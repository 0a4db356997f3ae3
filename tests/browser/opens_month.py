"""A small month of the demo, served, for browser tests of e-mail opens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from werkzeug.serving import make_server

from app import create_app
from app.accounts.models import User
from app.core import migrate
from app.core.runtime import runtime
from app.core.settings import Settings
from app.demo.fill import fill
from app.demo.pages import link
from app.opens.images.models import Image
from app.opens.mailings.models import Mailing
from app.opens.models import OpenedId
from app.tracking import ROOM
from tests.conftest import SECRETS
from tests.people import Browser as Person
from tests.people import new_browser

EVENTS = 800
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"


class Month:
    """The demo, served: where it is, who is signed in, and addresses of single things in it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.url = runtime(app).settings.public_url
        with app.app_context():
            engine = runtime(app).engine
            self.admin = entered(app, engine, "Ana Prado")
            with engine.connect() as connection:
                account = connection.scalar(select(User.account_id).where(User.name == "Ana Prado"))
                mailing = dict(
                    connection.execute(select(Mailing.name, Mailing.id).where(Mailing.account_id == account)).all()
                )
                image = connection.scalar(select(Image.id).where(Image.account_id == account, Image.file == "logo.png"))
                most = select(OpenedId.ref).where(OpenedId.account_id == account).order_by(OpenedId.views.desc())
                ref = connection.scalar(most.limit(1)) or ""
        self.paths = {
            "figures": "/opens?period=28d",
            "figures-with-machines": "/opens?automatic=1",
            "live": "/opens/live",
            "log": "/opens/log",
            "log-of-one": f"/opens/log?ref={quote(ref)}",
            "timeline": f"/opens/ids/timeline?ref={quote(ref)}",
            "images": "/images",
            "image": f"/images/{image}",
            "image-new": "/images/new",
            "mailings": "/mailings",
            "mailing-listed": f"/mailings/{mailing['Faturas de outubro']}",
            "mailing-sent": f"/mailings/{mailing['Aquecimento Black Friday']}",
            "unopened": "/mailings/unopened",
            "rules": "/opens/rules",
            "settings": "/opens/settings",
        }

    def load(self, ref: str, agent: str = OUTLOOK, file: str = "logo.png") -> None:
        """Another client's plain GET of an image."""
        path = f"/image/{file}?id_fatura={ref}"
        answer = self.app.test_client().get(path, headers={"User-Agent": agent})
        assert answer.status_code == 200


def entered(app: Flask, engine: Engine, name: str) -> Person:
    with engine.connect() as connection:
        person: UUID | None = connection.scalar(select(User.id).where(User.name == name))
    browser = new_browser(app)
    browser.submit("/" + link(runtime(app).settings).split("/", 3)[3], {"person": str(person)})
    return browser


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, valkey_server_url: str) -> Iterator[Month]:
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = Settings.load(
        {},
        data_dir=tmp_path_factory.mktemp("opens"),
        port=server.server_port,
        redis_url=valkey_server_url,
        demo=True,
        allow_private_targets=True,
        web_threads=16,
        **SECRETS,
    )
    app = create_app(settings)
    migrate.upgrade(app)
    fill(app, EVENTS)
    server.app = app
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Month(app)
    server.shutdown()
    app.extensions[ROOM].stop()
    runtime(app).engine.dispose()
