"""Starting, restarting and stopping a list of processes."""

import os
import re
import signal
import socket
import time

import pytest

from tests.serve.conftest import STANDIN, WEB, Started, is_running, wait_until

TICKER = ["ticker", "TICKER", 0.4, STANDIN, "obey", "ticker"]
DELIVER = ["deliver 1", "WORKERS", 1.0, STANDIN, "obey", "deliver"]
STUBBORN = ["deliver 1", "WORKERS", 1.0, STANDIN, "ignore", "deliver"]


def pid_of(started, name):
    started.wait_for(f"{name} is ")
    return int(re.search(rf"{name} is (\d+)", started.text)[1])


def test_ready_line_and_set_up_link_come_once_the_web_answers(start, port):
    started = start(WEB)

    started.wait_for("setup/once")

    assert f"Kalitrack is ready: http://127.0.0.1:{port} (stop with Ctrl-C)" in started.lines
    assert any(line.endswith("http://example.test/setup/once") for line in started.lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_stops_ticker_web_workers_in_this_order(start, number):
    started = start(DELIVER, WEB, TICKER)
    for words in ("is ready", "deliver is", "ticker is"):
        started.wait_for(words)

    started.signal(number)

    assert started.end() == 0
    assert re.findall(r"(\w+) leaves", started.text) == ["ticker", "web", "deliver"]


def test_a_child_that_ignores_the_signal_is_killed_after_its_grace(start):
    started = start(WEB, STUBBORN, TICKER)
    started.wait_for("is ready")
    stubborn = pid_of(started, "deliver")

    code, seconds = started.stop()

    assert "deliver 1 did not stop within 1 s; killed." in started.lines
    assert (code, is_running(stubborn)) == (0, False)
    assert 1.0 <= seconds < 4


def test_a_second_ctrl_c_kills_at_once(start):
    started = start(WEB, ["deliver 1", "WORKERS", 30, STANDIN, "ignore", "deliver"])
    started.wait_for("is ready")
    stubborn = pid_of(started, "deliver")
    started.signal(signal.SIGINT)
    started.wait_for("web leaves")
    time.sleep(0.6)

    started.signal(signal.SIGINT)

    assert started.end() == 130
    wait_until(lambda: not is_running(stubborn))


def test_a_child_that_ends_is_started_again_with_growing_pauses(start):
    started = start(WEB, ["jobs", "WORKERS", 1.0, STANDIN, "fall", "jobs"])

    started.wait_for("jobs ended (exit code 3); starting it again in 0.5 s.")
    started.wait_for("jobs ended (exit code 3); starting it again in 1 s.")

    assert started.stop()[0] == 0


def test_a_killed_child_is_named_with_its_signal(start):
    started = start(WEB, TICKER)
    os.kill(pid_of(started, "ticker"), signal.SIGKILL)

    started.wait_for("ticker ended (killed by SIGKILL); starting it again in 0.5 s.")

    started.wait_for("ticker is ", times=2)


def test_a_child_that_refuses_its_settings_stops_everything(start):
    started = start(TICKER, ["jobs", "WORKERS", 1.0, STANDIN, "refuse", "jobs"])

    assert started.end() == 2

    assert "jobs cannot start with these settings; stopping." in started.lines
    if "ticker is" in started.text:  # it may have been stopped before its first word
        assert not is_running(pid_of(started, "ticker"))


def test_a_taken_port_is_one_clear_line_and_starts_nothing(start, port, folder):
    with socket.create_server(("127.0.0.1", port)):
        started = start(WEB)
        assert started.end() == 1

    assert started.lines[0].startswith(f"Kalitrack cannot start: PORT {port} on 127.0.0.1 is taken")
    assert len(started.lines) == 2  # and the stand-in's own "took"
    assert not (folder / "here" / "valkey").exists()


def test_a_second_run_on_the_same_folder_names_the_first(start, folder):
    first = start(WEB)
    first.wait_for("is ready")

    second = start(WEB, PORT="1")

    assert second.end() == 1
    expected = f"Kalitrack cannot start: it already runs on {folder / 'here'} (process {first.popen.pid})"
    assert second.lines[0] == expected


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PORT", "abc", "PORT: "),
        ("HOST", "no-such-host.invalid", "HOST: no-such-host.invalid is not an address of this machine"),
        ("HOST", "192.0.2.1", "HOST 192.0.2.1, PORT"),
        ("TIMEZONE", "Mars/Olympus", "TIMEZONE: "),
        ("TRACKING_TOKEN", "track123456", "TRACKING_TOKEN is a sample value"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(start, variable, value, said):
    started = start(WEB, **{variable: value})

    assert started.end() in (1, 2)

    assert started.lines[0].startswith(f"Kalitrack cannot start: {said}")
    assert len(started.lines) == 2


def test_a_database_that_is_away_is_one_clear_line(environ):
    url = "postgresql+psycopg://kalitrack:secret-word@127.0.0.1:1/kalitrack"
    started = Started(["-m", "app.serve"], {**environ, "DATABASE_URL": url})

    assert started.end() == 1

    assert re.fullmatch("Kalitrack cannot start: DATABASE_URL cannot be used: .*refused.*", started.text)
    assert "secret-word" not in started.text


def test_a_quick_restart_on_the_same_port_works(start, port):
    first = start(WEB)
    first.wait_for("is ready")
    with socket.create_connection(("127.0.0.1", port)):
        first.stop()

    start(WEB).wait_for("is ready")
