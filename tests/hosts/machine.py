"""One host: an address, a data folder, an environment, and its processes; nothing else of it is anybody's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.chaos.product import PATIENCE_S, ROOT, processes
from tests.hosts import enter
from tests.hosts.network import Loopback, Namespaces

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


class Machine:
    """`start` takes the name of a part and its command; a part can be killed and started again."""

    def __init__(self, net: Namespaces | Loopback, name: str, root: Path) -> None:
        self.name = name
        self.place = net.join(name)
        self.address = self.place.address
        self.folder = root / name
        self.folder.mkdir(mode=0o755)
        self._net = net
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._asleep: list[int] = []

    def port(self, wanted: int) -> int:
        return self._net.port(wanted)

    # -- life -----------------------------------------------------------------------------------------------------

    def start(
        self, part: str, *command: str, environ: Mapping[str, str] | None = None, user: str = enter.UNCHANGED
    ) -> None:
        """Starts a part; to be called from the main thread, with which it ends however that ends."""
        with self.output_of(part).open("ab") as output:
            self._running[part] = subprocess.Popen(
                self._entered(user, command), cwd=ROOT, env=self._environ(environ), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def run(self, *command: str, environ: Mapping[str, str] | None = None) -> str:
        """A command that ends by itself; what it printed. Fails when it fails."""
        done = subprocess.run(
            self._entered(enter.UNCHANGED, command), cwd=ROOT, env=self._environ(environ), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill(self, *parts: str) -> int:
        """SIGKILL to everything of these parts (without any: of the host); how many processes that were."""
        names = parts or tuple(self._running)
        ended = [self._running.pop(part) for part in names if part in self._running]
        pids = _tree([popen.pid for popen in ended])
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for popen in ended:
            popen.wait(PATIENCE_S)
        wait_until(lambda: not {*pids} & {pid for pid, _, _ in processes()}, f"{self.name} is dead")
        return len(pids)

    def stop(self, *parts: str) -> None:
        """SIGTERM, in order, and waits."""
        names = parts or tuple(self._running)
        ended = [self._running.pop(part) for part in names if part in self._running]
        for popen in ended:
            popen.terminate()
        for popen in ended:
            popen.wait(PATIENCE_S)

    def pid(self, part: str) -> int | None:
        """The part's first process, which keeps its id from here to there."""
        return self._running[part].pid if part in self._running else None

    def ended(self) -> list[str]:
        """The parts that ended by themselves."""
        return [part for part, popen in self._running.items() if popen.poll() is not None]

    # -- the network ----------------------------------------------------------------------------------------------

    def cut(self) -> str:
        """Nobody hears it any more, nor it anybody; in words, how."""
        if self._net.can_cut:
            self._net.cut(self.place)
            return "its cable is pulled"
        self._asleep = _tree([popen.pid for popen in self._running.values()])
        for pid in self._asleep:
            os.kill(pid, signal.SIGSTOP)
        return f"its {len(self._asleep)} processes are stopped"

    def mend(self) -> None:
        if self._net.can_cut:
            self._net.mend(self.place)
        for pid in self._asleep:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._asleep = []

    # -- what it says ---------------------------------------------------------------------------------------------

    def output_of(self, part: str) -> Path:
        return self.folder / f"{part}.out"

    def output(self) -> str:
        found = [f"-- {self.name}, {path.name}\n{path.read_text('utf-8', 'replace')[-1500:]}" for path in self._files()]
        return "\n".join(found)

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.out") if path.stat().st_size)

    def _entered(self, user: str, command: tuple[str, ...]) -> list[str]:
        there = (str(os.getpid()), self.place.namespace, self.name, user)
        return [sys.executable, "-I", "-S", str(Path(enter.__file__)), *there, *command]

    def _environ(self, environ: Mapping[str, str] | None) -> dict[str, str]:
        return {**{name: os.environ[name] for name in PASSED_ON if name in os.environ}, **(environ or {})}


def _tree(roots: list[int]) -> list[int]:
    found, waiting, table = list(roots), list(roots), processes()
    while waiting:
        parent = waiting.pop()
        children = [pid for pid, its_parent, _ in table if its_parent == parent]
        found += children
        waiting += children
    return found


def wait_until(condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> float:
    """The seconds it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < patience_s, f"not in {patience_s:g} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - started
