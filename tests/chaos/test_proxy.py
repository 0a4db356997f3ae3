"""The bad network is as bad as it says: each way of it once, between a client and a server that answers in capitals."""

import socket
import socketserver
import threading
import time

import pytest

from tests.chaos.proxy import CLEAR, Proxy, Weather

pytestmark = pytest.mark.chaos


class Loud(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            self.wfile.write(line.upper())


@pytest.fixture
def proxy():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Loud) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        proxy = Proxy(("127.0.0.1", server.server_address[1]))
        yield proxy
        proxy.stop()
        server.shutdown()


def connected(proxy, timeout_s=5.0):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout_s)


def said(connection, text="abc\n"):
    connection.sendall(text.encode())
    with connection.makefile() as file:
        return file.readline()


def test_in_clear_weather_everything_passes(proxy):
    with connected(proxy) as connection:
        assert [said(connection, f"line {number}\n") for number in range(3)] == ["LINE 0\n", "LINE 1\n", "LINE 2\n"]


@pytest.mark.parametrize(
    ("weather", "at_least_s"),
    [
        (Weather(latency_s=0.05), 0.1),  # there and back
        (Weather(jitter_s=0.05), 0.0),
        (Weather(bytes_per_s=100), 0.07),
        (Weather(slice_bytes=1, latency_s=0.01), 0.05),  # four bytes, one after the other
    ],
)
def test_slow_weather_delays_and_changes_nothing(proxy, weather, at_least_s):
    proxy.weather = weather
    started = time.monotonic()
    with connected(proxy) as connection:
        assert said(connection) == "ABC\n"
    assert time.monotonic() - started >= at_least_s


def test_what_is_on_its_way_in_the_dark_arrives_when_it_clears_up(proxy):
    with connected(proxy) as connection:
        assert said(connection) == "ABC\n"
        proxy.weather = Weather(is_dark=True)
        connection.sendall(b"late\n")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        proxy.weather = CLEAR
        connection.settimeout(5)
        assert connection.recv(5) == b"LATE\n"


@pytest.mark.parametrize(("way", "ends_with"), [("cut", b""), ("reset", ConnectionResetError)])
def test_an_end_in_order_and_a_reset_are_told_apart(proxy, way, ends_with):
    with connected(proxy) as connection:
        assert said(connection) == "ABC\n"
        getattr(proxy, way)()
        if ends_with == b"":
            assert connection.recv(1) == b""
        else:
            with pytest.raises(ends_with):
                connection.recv(1)
    with connected(proxy) as again:
        assert said(again) == "ABC\n"


def test_a_half_open_connection_takes_bytes_and_answers_nothing_while_new_ones_work(proxy):
    with connected(proxy) as old, connected(proxy) as new:
        assert said(old) == "ABC\n"
        proxy.forget()
        old.sendall(b"is anybody there\n")
        old.settimeout(0.2)
        with pytest.raises(TimeoutError):
            old.recv(1)
        new.close()
        with connected(proxy) as newer:
            assert said(newer) == "ABC\n"


def test_who_refuses_ends_new_connections_at_once(proxy):
    proxy.weather = Weather(refuses=True)
    with connected(proxy) as connection:
        assert connection.recv(1) == b""
