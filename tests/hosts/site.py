"""The whole site: nine hosts with nothing in common but the network between them."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from app.simulator.remote import RemoteSimulator
from tests.chaos.oracle import Books
from tests.chaos.product import CALL_S, EMAIL, KWAI_PIXEL, META_PIXEL, PASSWORD, PATIENCE_S, TOKEN
from tests.hosts.machine import Machine, wait_until
from tests.hosts.network import network
from tests.hosts.stores import Database, Valkeys

WEB, SIMULATOR, BALANCER = 5001, 5010, 8080  # ports
WORKER_PARTS = {
    "deliver": ("worker.py", "deliver", "{}"),
    "jobs": ("worker.py", "jobs"),
    "ticker": ("worker.py", "ticker"),
}
LATENCY_MS = 150


class Site:
    """Two web hosts, two worker hosts, the database, two Valkeys, the balancer, the platforms."""

    def __init__(self, folder: Path) -> None:
        self.net = network()
        self.folder = folder
        self.machines: list[Machine] = []
        self.webs = [self._machine("web-1"), self._machine("web-2")]
        self.workers = [self._machine("worker-1"), self._machine("worker-2")]
        self.apps = [*self.webs, *self.workers]
        self._stores = [self._machine("db"), self._machine("valkey-1"), self._machine("valkey-2")]
        self.edge, self._platforms = self._machine("edge"), self._machine("platforms")
        self._ports = {machine.name: machine.port(WEB) for machine in self.webs}
        self._edge_port = self.edge.port(BALANCER)

    def _machine(self, name: str) -> Machine:
        self.machines.append(Machine(self.net, name, self.folder))
        return self.machines[-1]

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Everything, in the order of an installation; ready for requests when it returns."""
        self._start_platforms()
        db, first, second = self._stores
        self.valkeys = Valkeys(first, second, [first, second, self.edge])
        self.database = Database(db)
        self.environ = self._settings()
        self.workers[0].run(sys.executable, "-m", "app.serve.prepare", environ=self.own(self.workers[0]))
        for machine in self.webs:
            self.start_web(machine)
        for machine in self.workers:
            self.start_worker(machine)
        backends = [f"{machine.address}:{self._ports[machine.name]}" for machine in self.webs]
        self._start_balancer(self.edge, self._edge_port, "look", *backends)
        for machine in self.webs:
            self.wait_for_web(machine)
        self.make_pixels()
        self.wait_for_workers()
        self.books = Books(self.database.url)

    def start_web(self, machine: Machine) -> None:
        machine.start("web", sys.executable, "-m", "app.serve.web", environ=self.own(machine))

    def start_worker(self, machine: Machine, *parts: str) -> None:
        """The parts of a worker host (without any: all)."""
        number = str(self.workers.index(machine) + 1)
        for part in parts or WORKER_PARTS:
            command = (word.format(number) for word in WORKER_PARTS[part])
            machine.start(part, sys.executable, *command, environ=self.own(machine))

    def wait_for_web(self, machine: Machine) -> None:
        def lives() -> bool:
            with suppress(OSError, http.client.HTTPException, ValueError):
                return bool(self.ask(machine, "GET", "/health/live")[0] == 200)
            return False

        wait_until(lives, f"{machine.name} answers\n")

    def wait_for_workers(self) -> None:
        """Until each of the six worker processes has said that it lives; on loopback all hosts have one name, so that
        jobs and tickers say it together."""
        wanted = 2 * len(WORKER_PARTS) if self.net.can_cut else len(WORKER_PARTS) + 1
        rows = "SELECT process FROM heartbeat WHERE seen_at > now() - interval '8 seconds'"
        wait_until(lambda: len(self.database.rows(rows)) == wanted, "every worker lives")

    def end(self) -> None:
        for machine in self.machines:
            with suppress(AssertionError):
                machine.kill()
        self.net.end()

    def output(self) -> str:
        return "\n".join(machine.output() for machine in self.machines)

    # -- asking it ------------------------------------------------------------------------------------------------

    @property
    def address(self) -> tuple[str, int]:
        """Of the balancer: where client apps and newsletters call."""
        return self.edge.address, self._edge_port

    def address_of(self, web: Machine) -> tuple[str, int]:
        return web.address, self._ports[web.name]

    def ask(
        self, web: Machine, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of one call to one web host, past the balancer."""
        status, content, _ = self.fetch(web, method, path, body, token, **headers)
        return status, json.loads(content or b"{}")

    def fetch(
        self, web: Machine, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """`headers`: their names have `_` for `-`. A body of bytes goes as it is."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            sent["Content-Type"], body = "application/json", json.dumps(body).encode()
        connection = http.client.HTTPConnection(*self.address_of(web), timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def sign_in(self, web: Machine) -> str:
        """The administrator's access token."""
        status, answer = self.ask(web, "POST", "/api/auth/login", {"email": EMAIL, "password": PASSWORD})
        assert status == 200, answer
        return str(answer["accessToken"])

    def make_pixels(self) -> None:
        token = self.sign_in(self.webs[0])
        for platform, pixel_id in (("kwai", KWAI_PIXEL), ("facebook", META_PIXEL)):
            values = {"platform": platform, "pixelId": pixel_id, "accessToken": f"token-of-{platform}"}
            assert self.ask(self.webs[0], "POST", "/api/pixels", values, token)[0] == 201

    def leader(self) -> tuple[str, datetime] | None:
        """Which ticker holds the lease, and until when; None when it ran out."""
        rows = self.database.rows("SELECT holder, until FROM lease WHERE name = 'ticker'")
        return next(((row.holder, row.until) for row in rows if row.until > datetime.now(UTC)), None)

    def leading_machine(self) -> Machine:
        leader = self.leader()
        assert leader is not None, "no ticker leads"
        return next(machine for machine in self.workers if f"-{machine.pid('ticker')}-" in leader[0])

    # -- settings -------------------------------------------------------------------------------------------------

    def _settings(self) -> dict[str, str]:
        """What every host gets; secrets travel by this alone."""
        return {
            **self.simulator.environment,
            "DATABASE_URL": self.database.url,
            "REDIS_URL": self.valkeys.url,
            "PUBLIC_URL": f"http://{self.edge.address}:{self._edge_port}",
            "SECRET_KEY": "of-every-host-0123456789-0123456789-abc",
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "PII_HASH_KEY": "of-every-host-too-0123456789-0123456789",
            "ADMIN_EMAIL": EMAIL,
            "ADMIN_PASSWORD": PASSWORD,
            "TRACKING_TOKEN": TOKEN,
            "OUTBOUND_TIMEOUT": str(CALL_S),
            "ANSWER_TIMEOUT": "3",
            "WEB_PROCESSES": "1",
            "WEB_THREADS": "32",
        }

    def own(self, machine: Machine) -> Mapping[str, str]:
        """The environment of a host's processes."""
        own = {"KALITRACK_DATA_DIR": str(machine.folder / "data")}
        if machine in self.webs:
            own |= {"HOST": machine.address, "PORT": str(self._ports[machine.name])}
        return {**self.environ, **own}

    def _start_platforms(self) -> None:
        """The simulator refuses to listen anywhere but on loopback, so its host passes calls on."""
        machine = self._platforms
        inner, outer = machine.port(SIMULATOR), machine.port(SIMULATOR + 1)
        arguments = ("--port", str(inner), "--latency-ms", str(LATENCY_MS))
        machine.start("simulator", sys.executable, "-m", "app.simulator", *arguments)
        self._start_balancer(machine, outer, "trust", f"127.0.0.1:{inner}")
        self.simulator = RemoteSimulator(f"http://{machine.address}:{outer}")

    def _start_balancer(self, machine: Machine, port: int, looks: str, *backends: str) -> None:
        where = f"{machine.address}:{port}"
        machine.start("balancer", sys.executable, "-m", "tests.hosts.balancer", where, looks, *backends)


@contextmanager
def site() -> Iterator[Site]:
    """Started; gone at the end, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="kt-hosts-"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    made = Site(folder)
    try:
        made.start()
        yield made
    except BaseException:
        print(made.output(), file=sys.stderr)
        raise
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)
