"""What one host does, the others know: configuration, sessions, limits, images, jobs, logs."""

from __future__ import annotations

import re
import time

import pytest

from app.simulator.platforms import META
from tests.chaos.load import event
from tests.chaos.product import EMAIL, PASSWORD
from tests.hosts.asking import change_across, dot, make_client, make_pixel, post, seconds_until_known, upload
from tests.hosts.machine import wait_until

pytestmark = [pytest.mark.timeout(240)]
CSRF = re.compile(rb'name="csrf_token" value="([^"]+)"')


def test_a_change_on_one_web_holds_on_the_other_at_the_next_request(hosts, admin):
    before, after = change_across(hosts, admin)

    assert before == [202, dot(1)]
    assert after == [dot(2), 400, 401]


def test_what_is_made_on_one_web_is_known_to_the_other_within_a_second(hosts, admin):
    assert seconds_until_known(hosts, admin) < 2  # a second of a remembered refusal, and a machine that is busy


def test_workers_send_with_the_token_that_another_host_stored_last(hosts, admin):
    (first, second), pixel = hosts.webs, make_pixel(hosts, admin)
    assert post(hosts, second, waits=True, pixel_id=pixel["pixelId"]) == 200
    hosts.ask(first, "PUT", f"/api/pixels/{pixel['id']}", {"accessToken": "second-token"}, admin)
    assert post(hosts, second, waits=True, pixel_id=pixel["pixelId"]) == 200

    calls = hosts.simulator.received("kwai", pixel["pixelId"])

    assert [call.body["access_token"] for call in calls] == ["first-token", "second-token"]


class Browser:
    """A person's browser that the balancer sends to either web."""

    def __init__(self, hosts):
        self._hosts = hosts
        self._cookies = {}

    def ask(self, web, method, path, **fields):
        body = "&".join(f"{name}={value}" for name, value in fields.items()).replace("@", "%40").encode()
        kind = {"Content_Type": "application/x-www-form-urlencoded"} if fields else {}
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        status, content, headers = self._hosts.fetch(web, method, path, body or None, Cookie=cookie, **kind)
        for line in headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return status, content

    def csrf(self, web, path):
        return CSRF.search(self.ask(web, "GET", path)[1])[1].decode()


def test_a_sign_in_and_its_forms_are_good_on_both_webs_and_end_on_both(hosts):
    first, second = hosts.webs
    browser = Browser(hosts)
    token = browser.csrf(first, "/login")
    fields = {"email": EMAIL, "password": PASSWORD.replace(" ", "+"), "csrf_token": token}
    assert browser.ask(second, "POST", "/login", **fields)[0] == 303
    assert [browser.ask(web, "GET", "/pixels")[0] for web in hosts.webs] == [200, 200]
    stolen = dict(browser._cookies)

    assert browser.ask(second, "POST", "/logout", csrf_token="of another site")[0] == 400
    assert browser.ask(second, "POST", "/logout", csrf_token=browser.csrf(first, "/profile"))[0] == 303

    browser._cookies = stolen
    assert [browser.ask(web, "GET", "/pixels")[0] for web in hosts.webs] == [303, 303]


def test_an_access_token_signed_out_on_one_web_is_refused_by_the_other(hosts):
    first, second = hosts.webs
    token = hosts.sign_in(first)
    assert hosts.ask(second, "GET", "/api/auth/me", token=token)[0] == 200

    hosts.fetch(first, "POST", "/api/auth/logout", token=token)

    assert hosts.ask(second, "GET", "/api/auth/me", token=token)[0] == 401


def test_a_clients_limit_counts_what_both_webs_take(hosts, admin):
    token = make_client(hosts, admin, perMinute=5)["token"]

    found = [post(hosts, hosts.webs[turn % 2], token) for turn in range(8)]

    assert found == [202] * 5 + [429] * 3


def test_wrong_passwords_count_on_both_webs_together(hosts):
    wrong = {"email": f"nobody-{time.time_ns()}@example.com", "password": "not the one"}

    found = [hosts.ask(hosts.webs[turn % 2], "POST", "/api/auth/login", wrong)[0] for turn in range(12)]

    assert found == [401] * 10 + [429] * 2


def test_long_work_given_to_one_web_is_done_by_a_worker_host_and_read_on_the_other(hosts, admin):
    first, second = hosts.webs
    times = {"startsAt": "2026-11-01T00:00:00Z", "endsAt": "2026-11-02T00:00:00Z"}
    status, mailing = hosts.ask(first, "POST", "/api/mailings", {"name": "Across", **times}, admin)
    assert status == 201, mailing
    lines = ["id_fatura,sent_at", *(f"ACROSS-{number}," for number in range(1200)), "LATE,not a time"]
    path = f"/api/mailings/{mailing['id']}/list"
    job = upload(hosts, first, "POST", path, "\n".join(lines).encode(), admin, "ids.csv")
    look = f"/api/jobs/{job['id']}"

    wait_until(lambda: hosts.ask(second, "GET", look, token=admin)[1]["state"] == "done", "the job is done")

    files = [hosts.fetch(web, "GET", f"{look}/file", token=admin)[:2] for web in hosts.webs]
    assert files[0] == files[1]
    assert files[0][0] == 200
    assert b"LATE" in files[0][1]


def test_each_host_writes_its_own_logs_and_only_who_delivers_writes_the_event_log(hosts):
    for web in hosts.webs:
        assert post(hosts, web, waits=True) == 200
    assert post(hosts, hosts.webs[0], waits=True, **event(META, f"across-{time.time_ns()}")) == 200

    logs = {machine.name: machine.folder / "data" / "logs" for machine in hosts.apps}
    found = {
        name: {path.name for path in folder.iterdir()} if folder.exists() else set() for name, folder in logs.items()
    }
    assert not any(name.startswith(("app-deliver", "tracking")) for name in found["web-1"] | found["web-2"])
    assert "app-deliver-1.log" in found["worker-1"]
    assert "app-deliver-2.log" in found["worker-2"]
    assert any(name.startswith("tracking_events_") for name in found["worker-1"] | found["worker-2"])
