"""What the tests ask of one web host or the other, past the balancer."""

from __future__ import annotations

import time
from typing import Any

from app.simulator.platforms import KWAI
from tests.chaos.load import EVENTS, event
from tests.chaos.product import TOKEN
from tests.hosts.machine import Machine, wait_until
from tests.hosts.site import Site

BOUNDARY = "between-the-parts"
Made = dict[str, Any]


def dot(shade: int) -> bytes:
    """A GIF of one pixel, in a shade of its own."""
    palette = bytes([shade] * 3) + b"\xff\xff\xff"
    return b"GIF89a\1\0\1\0\x80\0\0" + palette + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


def post(hosts: Site, web: Machine, token: str = TOKEN, *, waits: bool = False, **fields: Any) -> int:
    """The status of one event."""
    body = {**event(KWAI, f"across-{time.time_ns()}"), **fields}
    headers = {} if waits else {"Prefer": "respond-async"}
    return hosts.ask(web, "POST", EVENTS, body, token, **headers)[0]


def upload(
    hosts: Site, web: Machine, method: str, path: str, content: bytes, token: str, name: str = "across.gif"
) -> Made:
    """A file by a form; what it was answered."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    status, answer = hosts.ask(web, method, path, body, token, Content_Type=kind)
    assert status in (200, 201, 202), answer
    return dict(answer)


def make_pixel(hosts: Site, admin: str) -> Made:
    """One of Kwai, made on web 1."""
    values = {"platform": "kwai", "pixelId": str(time.time_ns()), "accessToken": "first-token"}
    status, made = hosts.ask(hosts.webs[0], "POST", "/api/pixels", values, admin)
    assert status == 201, made
    return dict(made)


def make_client(hosts: Site, admin: str, **fields: Any) -> Made:
    """Made on web 1."""
    values = {"name": f"across {time.time_ns()}", "scopes": ["events:write"], **fields}
    status, made = hosts.ask(hosts.webs[0], "POST", "/api/clients", values, admin)
    assert status == 201, made
    return dict(made)


def change_across(hosts: Site, admin: str) -> tuple[list[Any], list[Any]]:
    """Web 2 knows a pixel, a client and an image; web 1 changes each; what web 2 answers to the very next request."""
    first, second = hosts.webs
    client, pixel = make_client(hosts, admin), make_pixel(hosts, admin)
    image = upload(hosts, first, "POST", "/api/images", dot(1), admin)
    picture = f"/image/{image['file']}?id_fatura=across"
    wait_until(lambda: post(hosts, second, client["token"], pixel_id=pixel["pixelId"]) == 202, "web 2 knows both", 5)
    before = [post(hosts, second, client["token"], pixel_id=pixel["pixelId"]), hosts.fetch(second, "GET", picture)[1]]

    upload(hosts, first, "PUT", f"/api/images/{image['id']}/content", dot(2), admin)
    after: list[Any] = [hosts.fetch(second, "GET", picture)[1]]
    hosts.ask(first, "PUT", f"/api/pixels/{pixel['id']}", {"active": False}, admin)
    after.append(post(hosts, second, client["token"], pixel_id=pixel["pixelId"]))
    hosts.fetch(first, "DELETE", f"/api/clients/{client['id']}", token=admin)
    after.append(post(hosts, second, client["token"]))
    hosts.fetch(first, "DELETE", f"/api/images/{image['id']}", token=admin)
    return before, after


def seconds_until_known(hosts: Site, admin: str) -> float:
    """A pixel that web 2 has just refused is made on web 1: when web 2 takes its events."""
    first, second = hosts.webs
    pixel_id = str(time.time_ns())
    assert post(hosts, second, pixel_id=pixel_id) == 400
    values = {"platform": "kwai", "pixelId": pixel_id, "accessToken": "x"}
    assert hosts.ask(first, "POST", "/api/pixels", values, admin)[0] == 201
    return wait_until(lambda: post(hosts, second, pixel_id=pixel_id) == 202, "web 2 knows the pixel", 10)
