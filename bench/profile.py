"""`python -m bench profile [open] [intake] [drain] [settle]`: where the time of a process goes, by py-spy, under load:
the functions with most time of their own by thread, and a file for speedscope.app. Nothing is judged."""

from __future__ import annotations

import argparse
import contextlib
import json
import linecache
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.core.runtime import runtime
from app.opens.rules.describe import describe_new
from app.simulator import spawn
from bench.drains import check_settled, preload, ready, set_off
from bench.goals import Bench, check
from bench.load import Shot, fire
from bench.pictures import shot, upload
from bench.processes import pin
from bench.stand import KWAI_EVENT, META_EVENT, stand

RATE_HZ = 200
SHOWN = 15  # functions of a thread
LEAST_SHARE = 0.02  # of all samples, that a thread is shown for
META, KWAI = 30_000, 4_000  # events that a drain is given
STOPS_WITHIN_S = 60.0  # writes its file meanwhile


@dataclass(frozen=True, slots=True)
class Asked:
    """`share`: of the events that a drain is given."""

    seconds: float
    rate: int
    folder: Path
    share: float


def main(bench: Bench, given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench profile", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of: {', '.join(PROFILES)} (default: all)")
    parser.add_argument("--folder", type=Path, help="where the files for speedscope.app go (a new one)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of load, for open and intake (10)")
    parser.add_argument("--rate", type=int, default=RATE_HZ, help=f"samples a second ({RATE_HZ})")
    parser.add_argument("--share", type=float, default=1.0, help="of the events that a drain is given")
    asked = parser.parse_args(given)
    if unknown := sorted(set(asked.names) - set(PROFILES)):
        parser.error(f"nothing is called {unknown[0]}: choose from {', '.join(PROFILES)}")
    if _py_spy() is None:
        print("py-spy is not installed: `make bench` installs it", file=sys.stderr)
        return 1
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="kalitrack-profiles-"))
    folder.mkdir(parents=True, exist_ok=True)
    for name in asked.names or PROFILES:
        PROFILES[name](bench, Asked(asked.seconds, asked.rate, folder, asked.share))
    return 0


# -- what is watched ------------------------------------------------------------------------------------------------


def _open(bench: Bench, asked: Asked) -> None:
    with stand(bench.folder) as product:
        upload(product)
        with product.web() as (web, port):
            fire(shot(port), 2.0)
            describe_new(runtime(product.app).engine)
            _loaded(asked, "open", web.pid, shot(port))


def _intake(bench: Bench, asked: Asked) -> None:
    with stand(bench.folder) as product, product.web() as (web, port):
        wanted = product.shot(port, KWAI_EVENT)
        fire(wanted, 2.0)
        _loaded(asked, "intake", web.pid, wanted)


def _loaded(asked: Asked, name: str, pid: int, wanted: Shot) -> None:
    with _watched(asked, name, pid) as file:
        load = fire(wanted, asked.seconds)
    print(f"\n{name}: {load.per_s:,.0f}/s while it was watched")
    _tell(file, lambda stack: True)


def _drain(bench: Bench, asked: Asked) -> None:
    """Meta in batches and Kwai call by call, at 50 ms."""
    file = _drained(bench, asked, "drain", 50, round(KWAI * asked.share))
    _tell(file, lambda stack: True)


def _settle(bench: Bench, asked: Asked) -> None:
    """A drain that never waits; of it, what the transactions of claims and results take."""
    file = _drained(bench, asked, "settle", 0, 0)
    _tell(file, lambda stack: any(frame.file.endswith("outbound/settle.py") for frame in stack))


def _drained(bench: Bench, asked: Asked, name: str, latency_ms: int, kwai: int) -> Path:
    meta = round(META * asked.share)
    with (
        spawn(latency_ms=latency_ms) as simulator,
        stand(bench.folder, **simulator.environment) as product,
    ):
        preload(product, META_EVENT, meta)
        preload(product, KWAI_EVENT, kwai)
        with ready(product) as workers, _watched(asked, name, workers[0].pid) as file:
            set_off(product, workers[0])
        check_settled(product, simulator, meta + kwai)
    print(f"\n{name}: {meta + kwai:,} events were settled while it was watched")
    return file


PROFILES: dict[str, Callable[[Bench, Asked], None]] = {
    "open": _open,
    "intake": _intake,
    "drain": _drain,
    "settle": _settle,
}


# -- py-spy ---------------------------------------------------------------------------------------------------------


def _py_spy() -> str | None:
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")


@contextmanager
def _watched(asked: Asked, name: str, pid: int) -> Iterator[Path]:
    """A process and its children, sampled from the core of the load until the block ends; gives the file."""
    file = asked.folder / f"{name}.speedscope.json"
    command = [_py_spy() or "py-spy", "record", "--pid", str(pid), "--subprocesses", "--rate", str(asked.rate)]
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    spy = subprocess.Popen(
        [*command, "--format", "speedscope", "--full-filenames", "--output", str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=lambda: pin(0, 1),
    )  # fmt: skip
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(spy.stdout or ()), daemon=True)
    reader.start()
    try:
        yield file
    finally:
        spy.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            spy.wait(STOPS_WITHIN_S)
        spy.kill()
        reader.join(5)
    check(file.exists(), f"py-spy wrote nothing (it needs the right to look into processes): {''.join(said)[-500:]}")


class Frame(NamedTuple):
    function: str
    file: str
    line: int

    @property
    def name(self) -> str:
        for root in ("/site-packages/", "/app/"):
            _before, found, after = self.file.rpartition(root)
            if found:
                return f"{self.function} ({after if root == '/site-packages/' else 'app/' + after})"
        return f"{self.function} ({'/'.join(Path(self.file).parts[-2:])})"

    @property
    def is_waiting(self) -> bool:
        """py-spy tells a waiting thread by its state alone, which on a busy core is often "runnable"."""
        return bool(WAITS.search(linecache.getline(self.file, self.line)))


WAITS = re.compile(r"\.(get|wait|waitpid|acquire|select|poll|accept|join|sleep|recv\w*|read_response|_read\w*)\(")
Stack = tuple[Frame, ...]  # outermost first


def _tell(file: Path, is_wanted: Callable[[Stack], bool]) -> None:
    """Prints the functions with most time of their own, by thread; `is_wanted` chooses stacks."""
    threads = _threads(json.loads(file.read_text("utf-8")))
    total = sum(sum(stacks.values()) for stacks in threads.values())
    for name, stacks in sorted(threads.items(), key=lambda item: -sum(item[1].values())):
        wanted = Counter({stack: count for stack, count in stacks.items() if is_wanted(stack)})
        share = wanted.total() / total if total else 0.0
        if share < LEAST_SHARE:
            continue
        print(f"  {name}: {share:.0%} of the samples")
        for function, count in _own(wanted).most_common(SHOWN):
            print(f"    {count / wanted.total():5.1%}  {function}")
    print(f"  whole: {file} (https://www.speedscope.app, which keeps the file on this machine)", flush=True)


def _own(stacks: Counter[Stack]) -> Counter[str]:
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        found[stack[-1].name] += count
    return found


def _threads(told: dict[str, Any]) -> dict[str, Counter[Stack]]:
    """Samples by thread, without those in which it waits; threads of a pool, which differ by a number only, are one."""
    frames = [
        Frame(each["name"], str(each.get("file") or ""), each.get("line") or 0) for each in told["shared"]["frames"]
    ]
    found: defaultdict[str, Counter[Stack]] = defaultdict(Counter)
    for profile in told["profiles"]:
        thread = _thread(profile["name"])
        for sample in profile["samples"]:
            stack = tuple(frames[index] for index in sample)
            if stack and stack[-1].file and not stack[-1].is_waiting:
                found[thread][stack] += 1
    return found


def _thread(name: str) -> str:
    quoted: Sequence[str] = re.findall(r'"([^"]+)"', name)
    return re.sub(r"(0x)?\d[\da-fA-F]*", "#", quoted[0] if quoted else name)
