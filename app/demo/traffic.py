"""`python -m app.demo.traffic`: client apps and readers of mails that go on, slowly, until they are stopped."""

from __future__ import annotations

import json
import sys
from random import Random
from typing import Any

from app.core import clock, stopping
from app.core.exchange import Call, Reply
from app.core.http import Client
from app.core.settings import Settings
from app.demo.fill import NOTE
from app.demo.month import GOODS, NAMES
from app.demo.readers import MACHINES, somebody

PAUSES_S = (0.8, 4.0)
OPENS = 0.35  # of what goes on; the rest are events
RELOADS = 0.08


def event(random: Random, platform: str, pixel_id: str) -> dict[str, Any]:
    """The body that a client app would post."""
    name = random.choices([name for name, _ in NAMES], [weight for _, weight in NAMES])[0]
    body: dict[str, Any] = {"pixel_id": pixel_id, "event_name": name}
    if platform == "kwai":
        body["click_id"] = f"kw{random.getrandbits(96):024x}"
    else:
        body |= {"fbclid": f"IwAR{random.getrandbits(160):040x}", "client_ip_address": "203.0.113.77"}
        body["client_user_agent"] = (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"
        )
        if random.random() < 0.7:
            body["email"] = f"cliente{random.randrange(500)}@example.com"
        if random.random() < 0.5:
            body["phone"] = f"+55119{random.randrange(10**7, 10**8)}"
    if name != "EVENT_COMPLETE_REGISTRATION":
        id_, title, price = random.choice(GOODS)
        body |= {"content_id": id_, "content_name": title, "value": price, "currency": "BRL"}
    return body


def open_of(random: Random, noted: list[str]) -> tuple[str, dict[str, str]]:
    """Where somebody's mail program looks for an image, and the headers it sends."""
    reader = somebody(random)
    agent = random.choice(MACHINES) if random.random() < 0.06 else reader.agent
    headers = {"User-Agent": agent}
    if reader.referer and agent == reader.agent:
        headers["Referer"] = f"https://{reader.referer}"
    return random.choice(noted), headers


class Traffic:
    """What goes on at a web server. `noted` is what the fill left in its NOTE."""

    def __init__(self, url: str, noted: dict[str, Any], random: Random) -> None:
        self._url = url
        self._noted = noted
        self._random = random
        self._client = Client(timeout_s=10)

    def go_on(self) -> None:
        reply = self._open() if self._random.random() < OPENS else self._event()
        if reply.status is not None and not reply.ok:  # the web server may not be up yet
            print(f"{clock.now():%H:%M:%S} a request was not accepted: {reply.status}", flush=True)

    def close(self) -> None:
        self._client.close()

    def _event(self) -> Reply:
        app = self._random.choice(self._noted["clients"])
        platform, pixel_id = self._random.choice(app["pixels"])
        headers = {"Authorization": f"Bearer {app['token']}", "Prefer": "respond-async"}
        body = event(self._random, platform, pixel_id)
        return self._client.send(Call("POST", f"{self._url}/api/tracking/events", body, headers))

    def _open(self) -> Reply:
        path, headers = open_of(self._random, self._noted["images"])
        call = Call("GET", f"{self._url}{path}", headers=headers)
        if self._random.random() < RELOADS:
            self._client.send(call)
        return self._client.send(call)


def main() -> int:
    settings = Settings.load()
    noted = json.loads((settings.data_dir / NOTE).read_text("utf-8"))
    stopping.take_stop_signals()
    random = Random()  # noqa: S311 - made-up shoppers
    traffic = Traffic(f"http://127.0.0.1:{settings.port}", noted, random)
    while not stopping.wait_for_stop(random.uniform(*PAUSES_S)):
        traffic.go_on()
    traffic.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
