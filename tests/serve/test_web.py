"""The real web server under the real supervisor: it answers those who wait, and never outlives its parent."""

import http.client
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from tests.serve.conftest import GRANIAN, STANDIN, Started, descendants, is_running, wait_until

DELIVER = ["deliver 1", "WORKERS", 1.0, STANDIN, "obey", "deliver"]


def get(port, path="/"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_waiting_requests_are_answered_when_the_stop_comes(start, port):
    started = start(GRANIAN, DELIVER)
    started.wait_for("is ready")
    with ThreadPoolExecutor(20) as threads:
        waiting = [threads.submit(get, port, "/wait") for _ in range(20)]
        time.sleep(0.5)
        code, seconds = started.stop()

    assert [answer.result()[0] for answer in waiting] == [202] * 20
    assert (code, seconds < 2) == (0, True)


def test_a_request_that_hangs_is_cut_after_two_seconds(start, port):
    started = start(GRANIAN)
    started.wait_for("is ready")
    with (
        socket.create_connection(("127.0.0.1", port)) as hanging,
        socket.create_connection(("127.0.0.1", port)) as half,
    ):
        hanging.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        half.sendall(b"GET / HTTP/1.1\r\nHo")
        time.sleep(0.3)
        code, seconds = started.stop()

    assert (code, is_free(port)) == (0, True)
    assert seconds < 3.5


def test_a_large_answer_arrives_whole(start, port):
    start(GRANIAN).wait_for("is ready")

    for _ in range(2):
        assert get(port, "/large") == (200, b"".join(bytes([number]) * 100_000 for number in range(50)))


def test_a_killed_server_takes_its_workers_along_and_comes_back(start, port):
    started = start(GRANIAN)
    started.wait_for("is ready")
    worker = int(get(port)[1])
    main = next(pid for pid in descendants(started.popen.pid) if worker in descendants(pid))

    os.kill(main, signal.SIGKILL)

    started.wait_for("web ended (killed by SIGKILL)")
    wait_until(lambda: not is_running(worker))
    wait_until(lambda: answers(port))
    assert int(get(port)[1]) != worker


def test_a_killed_worker_is_replaced(start, port):
    started = start(GRANIAN)
    started.wait_for("is ready")
    worker = int(get(port)[1])

    os.kill(worker, signal.SIGKILL)

    wait_until(lambda: not is_running(worker) and answers(port))
    assert started.popen.poll() is None


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_start_works(start, port):
    first = start(GRANIAN, DELIVER)
    first.wait_for("is ready")
    left = descendants(first.popen.pid)
    assert len(left) == 4  # Valkey, the web server and its worker, the delivery worker

    first.signal(signal.SIGKILL)

    wait_until(lambda: not any(map(is_running, left)))
    assert is_free(port)
    start(GRANIAN, DELIVER).wait_for("is ready")


def test_a_wrong_setting_found_by_a_worker_stops_the_server_with_2(environ, tmp_path):
    (tmp_path / "refusing.py").write_text(
        "from app.core.settings import SettingError\nraise SettingError('ADMIN_PASSWORD is too weak')\n"
    )
    paths = {"PYTHONPATH": str(tmp_path)}

    served = Started(["-m", "tests.serve.tiny", "refusing:app"], {**environ, **paths})

    assert served.end() == 2
    assert served.lines[0] == "ADMIN_PASSWORD is too weak"  # the server may add that its worker has ended


def answers(port):
    try:
        return get(port)[0] == 200
    except (OSError, http.client.HTTPException):
        return False
