"""`python -m app.demo.traffic`: client apps that go on sending, slowly, until they are stopped."""

from __future__ import annotations

import json
import sys
from random import Random
from typing import Any

from app.core import clock, stopping
from app.core.exchange import Call
from app.core.http import Client
from app.core.settings import Settings
from app.demo.fill import NOTE
from app.demo.month import GOODS, NAMES

PAUSES_S = (1.0, 6.0)


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


def main() -> int:
    settings = Settings.load()
    noted = json.loads((settings.data_dir / NOTE).read_text("utf-8"))["clients"]
    random = Random()  # noqa: S311 - made-up shoppers
    stopping.take_stop_signals()
    with_client = Client(timeout_s=10)
    while not stopping.wait_for_stop(random.uniform(*PAUSES_S)):
        app = random.choice(noted)
        platform, pixel_id = random.choice(app["pixels"])
        headers = {"Authorization": f"Bearer {app['token']}", "Prefer": "respond-async"}
        url = f"http://127.0.0.1:{settings.port}/api/tracking/events"
        reply = with_client.send(Call("POST", url, event(random, platform, pixel_id), headers))
        if reply.status is not None and not reply.ok:  # the web server may not be up yet
            print(f"{clock.now():%H:%M:%S} an event was not accepted: {reply.status}", flush=True)
    with_client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
