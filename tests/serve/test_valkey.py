"""The embedded Valkey: keeps its store, is adopted alive, and finds a way when the path is too long."""

import signal
import stat
import subprocess
import time

import pytest
import redis

from app.core import valkey as place
from app.core.settings import Settings
from app.serve import valkey
from app.serve.refusal import Refusal
from tests.serve.conftest import WEB, is_running, wait_until


@pytest.fixture
def stray(settings):
    """A Valkey of this data folder that nobody supervises, as one left behind would be."""
    config = valkey.write_config(settings)
    process = subprocess.Popen([valkey.binary(), str(config)])
    wait_until(lambda: valkey.is_alive(settings))
    yield process
    process.kill()
    process.wait()


def connect(settings):
    return redis.Redis.from_url(place.redis_url(settings), decode_responses=True)


def test_it_persists_never_evicts_and_asks_for_the_password(stray, settings):
    with connect(settings) as client:
        wanted = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction"}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
    with (
        redis.Redis(unix_socket_path=str(place.socket_path(settings))) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_the_password_is_private_and_in_no_command_line(stray, settings):
    password = place.password(settings)
    commands = subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    files = [settings.data_dir / "secrets" / "valkey_password", settings.data_dir / "valkey" / "valkey.conf"]

    assert password not in commands
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert stat.S_IMODE(place.socket_path(settings).stat().st_mode) == 0o700


def test_one_that_is_still_alive_is_adopted_and_stopped_with_the_rest(start, stray, settings):
    with connect(settings) as client:
        client.set("kept", "yes")
    started = start(WEB)
    started.wait_for("is ready")
    with connect(settings) as client:
        assert client.get("kept") == "yes"
    assert f"Valkey is still running (process {stray.pid}); using it." in started.lines

    assert started.stop()[0] == 0

    assert stray.wait(5) == 0


def test_an_adopted_one_that_dies_is_started_again(start, stray, settings):
    started = start(WEB)
    started.wait_for("is ready")

    stray.kill()
    stray.wait()

    started.wait_for("valkey ended")
    wait_until(lambda: valkey.is_alive(settings))


def test_kill_9_of_the_supervisor_keeps_what_was_stored(start, settings):
    first = start(WEB)
    first.wait_for("is ready")
    with connect(settings) as client:
        client.set("kept", "yes")
        pid = client.info("server")["process_id"]
        time.sleep(1.2)  # everysec: what is older than a second is on disk
    first.signal(signal.SIGKILL)
    wait_until(lambda: not is_running(pid))

    start(WEB).wait_for("is ready")

    with connect(settings) as client:
        assert client.get("kept") == "yes"


def test_an_unreadable_store_is_moved_aside(start, settings, folder):
    store = folder / "here" / "valkey" / "appendonlydir"
    store.mkdir(parents=True)
    (store / "appendonly.aof.manifest").write_text("nonsense")

    start(WEB).wait_for("Valkey could not read its store")

    wait_until(lambda: valkey.is_alive(settings))
    assert len(list(store.parent.glob("appendonlydir.unreadable-*"))) == 1


def test_a_stranger_on_the_socket_is_refused(settings):
    folder = settings.data_dir / "valkey"
    folder.mkdir()
    arguments = [
        "--port",
        "0",
        "--unixsocket",
        str(place.socket_path(settings)),
        "--requirepass",
        "other",
        "--dir",
        str(folder),
    ]
    process = subprocess.Popen([valkey.binary(), *arguments], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: place.socket_path(settings).exists())
        with pytest.raises(Refusal, match="another server answers"):
            valkey.live_pid(settings)
    finally:
        process.kill()
        process.wait()


def test_a_long_path_falls_back_to_a_kept_loopback_port(start, folder):
    far = folder / ("long" * 30)
    settings = Settings.load({"KALITRACK_DATA_DIR": str(far)})
    assert place.redis_url(settings).startswith("redis://:")
    kept = place.tcp_port(settings)

    start(WEB, KALITRACK_DATA_DIR=str(far)).wait_for("is ready")

    assert place.tcp_port(settings) == kept
    assert valkey.is_alive(settings)


def test_an_odd_folder_name_is_no_trouble(start, folder):
    odd = folder / 'a "b" ção%20?#'
    settings = Settings.load({"KALITRACK_DATA_DIR": str(odd)})

    start(WEB, KALITRACK_DATA_DIR=str(odd)).wait_for("is ready")

    assert valkey.is_alive(settings)


@pytest.mark.parametrize(
    ("policy", "warned"), [("noeviction", False), ("allkeys-lru", True)], ids=["never evicts", "may evict"]
)
def test_an_external_one_that_may_evict_is_warned_about(stray, settings, capsys, policy, warned):
    with connect(settings) as client:
        client.config_set("maxmemory-policy", policy)

    valkey.warn_about_external(settings.model_copy(update={"redis_url": place.redis_url(settings)}))

    assert (f"maxmemory-policy {policy}" in capsys.readouterr().out) is warned


def test_an_external_one_that_is_away_is_warned_about_without_its_password(settings, capsys):
    valkey.warn_about_external(settings.model_copy(update={"redis_url": "redis://:secret-word@127.0.0.1:1/0"}))

    said = capsys.readouterr().out
    assert ("does not answer" in said, "secret-word" in said) == (True, False)


def test_redis_url_wins(start, settings, valkey_url):
    started = start(WEB, REDIS_URL=valkey_url)

    started.wait_for("is ready")

    assert place.redis_url(settings.model_copy(update={"redis_url": valkey_url})) == valkey_url
    assert not place.socket_path(settings).exists()
