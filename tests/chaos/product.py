"""The product as an operator starts it: `python -m app.serve` on a folder of its own, its processes killed by name."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.core import lifeline

ROOT = Path(__file__).parents[2]
PATIENCE_S = 150.0  # the machine may be busy with something else
CALL_S = 2.0  # what a call may take
LEASE_S = 3 * CALL_S  # and how long a dead worker's rows wait
TOKEN = "chaos-token-0123456789-abcdef"
EMAIL, PASSWORD = "chaos@example.com", "uma frase que ninguem adivinha"
KWAI_PIXEL, META_PIXEL = "290714800540320", "123456789012345"
PARTS = {  # what tells a process by its command line; "web worker" is a child of "web", the others of the supervisor
    "web": "app.serve.web",
    "deliver": "worker.py deliver",
    "jobs": "worker.py jobs",
    "ticker": "worker.py ticker",
    "valkey": "valkey-server",
}
WEB_WORKER = "web worker"
SUPERVISOR = "supervisor"


class Product:
    """One data folder and port, through as many starts as a test wants."""

    def __init__(self, folder: Path, database_url: str, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self._output = folder / "output.txt"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_RUNTIME_DIR") if name in os.environ}
        self._environ = {
            **kept,
            "KALITRACK_DATA_DIR": str(folder / "d"),
            "DATABASE_URL": database_url,
            "REDIS_URL": "",
            "PORT": str(self.port),
            "ADMIN_EMAIL": EMAIL,
            "ADMIN_PASSWORD": PASSWORD,
            "TRACKING_TOKEN": TOKEN,
            "OUTBOUND_TIMEOUT": str(CALL_S),
            "ANSWER_TIMEOUT": "3",
            "WEB_PROCESSES": "1",
            **variables,
        }
        self._popen: subprocess.Popen[bytes] | None = None
        self._added: list[subprocess.Popen[bytes]] = []
        self._starts = 0

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when it said that it is ready. It ends with this very process and thread, however that ends."""
        with self._output.open("ab") as output:
            self._popen = subprocess.Popen(
                lifeline.launch_command((sys.executable, "-m", "app.serve")), cwd=ROOT, env=self._environ,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._starts += 1
        self._wait_until(lambda: self.output.count("Kalitrack is ready") >= self._starts, "it is ready")

    def wait_for_workers(self) -> None:
        """Until every process has said in the database that it lives."""
        self._wait_until(lambda: self.get("/health/ready").get("status") == "ok", "every worker lives")

    def add_worker(self, number: int) -> None:
        """One more delivery worker, beside those of the supervisor."""
        command = lifeline.launch_command((sys.executable, "worker.py", "deliver", str(number)))
        with self._output.open("ab") as output:
            self._added.append(
                subprocess.Popen(
                    command, cwd=ROOT, env=self._environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            )

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._popen is not None
        self._popen.terminate()
        return self._popen.wait(PATIENCE_S)

    def end(self) -> None:
        """Leaves no process, whatever happened."""
        for worker in self._added:
            worker.kill()
            worker.wait(PATIENCE_S)
        if self._popen is not None:
            left = self._tree()
            self._popen.kill()
            self._popen.wait(PATIENCE_S)
            self._wait_until(lambda: not any(map(is_running, left)), "its processes are gone")

    def kill_supervisor(self) -> None:
        """SIGKILL; every other process has to end by itself."""
        self.end()

    # -- processes ------------------------------------------------------------------------------------------------

    def pids(self, part: str) -> list[int]:
        """The running processes of a part, oldest first."""
        assert self._popen is not None
        table = processes()
        if part == WEB_WORKER:
            mains = self.pids("web")
            return [pid for pid, parent, _command in table if parent in mains]
        return [pid for pid, parent, command in table if parent == self._popen.pid and PARTS[part] in command]

    def signal(self, part: str, number: int, which: int = 0) -> int | None:
        """Sends a signal to one process of a part and returns its id; None when there is none at the moment."""
        pids = self.pids(part)
        if not pids:
            return None
        with suppress(ProcessLookupError):
            os.kill(pids[which % len(pids)], number)
        return pids[which % len(pids)]

    def wait_for_part(self, part: str) -> None:
        self._wait_until(lambda: self.pids(part), f"there is a {part}")

    def kill(self, part: str, which: int = 0) -> bool:
        """SIGKILL, and waits until the process is gone; False when there was none."""
        pid = self.signal(part, signal.SIGKILL, which)
        if pid is not None:
            self._wait_until(lambda: not is_running(pid), f"{part} is dead")
        return pid is not None

    def threads(self) -> dict[str, int]:
        """How many threads each process has: `deliver 4711` -> 23."""
        counts = {}
        for part in ("web worker", "deliver", "jobs", "ticker"):
            for pid in self.pids(part):
                if number := thread_count(pid):
                    counts[f"{part} {pid}"] = number
        return counts

    def wipe_valkey(self) -> bool:
        """Kills Valkey and deletes all it had stored; False when none ran."""
        was_there = self.kill("valkey")
        if was_there:
            shutil.rmtree(self.folder / "d" / "valkey" / "appendonlydir", ignore_errors=True)
        return was_there

    def _tree(self) -> list[int]:
        assert self._popen is not None
        found, waiting, table = [self._popen.pid], [self._popen.pid], processes()
        while waiting:
            parent = waiting.pop()
            children = [pid for pid, its_parent, _ in table if its_parent == parent]
            found += children
            waiting += children
        return found

    # -- its own API ----------------------------------------------------------------------------------------------

    def make_pixels(self) -> None:
        """One of Kwai and one of Meta, as an administrator makes them."""
        signed_in = self.post("/api/auth/login", {"email": EMAIL, "password": PASSWORD})
        for platform, pixel_id in (("kwai", KWAI_PIXEL), ("facebook", META_PIXEL)):
            values = {"platform": platform, "pixelId": pixel_id, "accessToken": f"token-of-{platform}"}
            made = self.post("/api/pixels", values, signed_in["accessToken"])
            assert made.get("pixelId") == pixel_id, made

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, body: Any, token: str | None = None) -> Any:
        return self._ask("POST", path, body, token)

    def _ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            return json.loads(connection.getresponse().read() or b"{}")
        finally:
            connection.close()

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8", "replace") if self._output.exists() else ""

    def _wait_until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"not in {PATIENCE_S:g} s: {what}\n{self.output[-4000:]}"
            time.sleep(0.05)


def processes() -> list[tuple[int, int, str]]:
    """(id, parent, command line) of every process that lives; a dead one that nobody has waited for yet does not."""
    # -ww: it would cut the lines at COLUMNS, which pytest sets, and with them the names that tell who is who
    command = ["ps", "-ww", "-eo", "pid=,ppid=,stat=,args=", "--sort=start_time"] if sys.platform == "linux" else [
        "ps", "-ww", "-axo", "pid=,ppid=,stat=,args="
    ]  # fmt: skip
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(None, 3) for line in lines]
    return [(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")]


def thread_count(pid: int) -> int:
    """0 when the process is gone."""
    if sys.platform == "linux":
        with suppress(FileNotFoundError):
            return len(os.listdir(f"/proc/{pid}/task"))
        return 0
    lines = subprocess.run(["ps", "-M", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return max(0, len(lines.splitlines()) - 1)


def is_running(pid: int) -> bool:
    return any(pid == each for each, _parent, _command in processes())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
