"""What lies between the hosts: network namespaces on a bridge where we may make them, else addresses of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

from tests.chaos.product import free_port
from tests.hosts.enter import UNCHANGED

FIRST_HOST = 11  # the last part of its address; .1 is the outside, where client apps and this test are


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host is. `namespace`: the file to enter, or `-`."""

    name: str
    address: str
    namespace: str
    cable: str  # the outer end of its cable


class Namespaces:
    """Each host has a network of its own and a cable to the bridge; a cable can be pulled."""

    can_cut = True
    words = "network namespaces, a cable each, one bridge"

    def __init__(self) -> None:
        self._mark = f"kt{os.getpid() % 100_000}"
        self._net = f"10.231.{os.getpid() % 250}"
        self._places: list[Place] = []
        _ip(f"link add {self._mark}b type bridge")
        try:
            _ip(f"addr add {self._net}.1/24 dev {self._mark}b")
            _ip(f"link set {self._mark}b up")
        except subprocess.CalledProcessError:
            self.end()
            raise

    def join(self, name: str) -> Place:
        number = len(self._places)
        space, cable = f"{self._mark}-{name}", f"{self._mark}v{number}"
        place = Place(name, f"{self._net}.{FIRST_HOST + number}", f"/run/netns/{space}", cable)
        self._places.append(place)
        _ip(f"netns add {space}")
        _ip(f"link add {cable} type veth peer name eth0 netns {space}")
        _ip(f"link set {cable} master {self._mark}b up")
        _ip(f"-n {space} addr add {place.address}/24 dev eth0")
        _ip(f"-n {space} link set eth0 up")
        _ip(f"-n {space} link set lo up")
        return place

    def port(self, wanted: int) -> int:
        return wanted

    def cut(self, place: Place) -> None:
        _ip(f"link set {place.cable} down")

    def mend(self, place: Place) -> None:
        _ip(f"link set {place.cable} up")

    def end(self) -> None:
        for place in self._places:
            with suppress(subprocess.CalledProcessError):
                _ip(f"netns del {place.namespace.rpartition('/')[2]}")
        with suppress(subprocess.CalledProcessError):
            _ip(f"link del {self._mark}b")


class Loopback:
    """Without the right to make namespaces: an address each (on Linux), ports of their own, and nothing else shared."""

    can_cut = False
    words = "processes on loopback with nothing but the network between them"

    def __init__(self) -> None:
        self._joined = 0

    def join(self, name: str) -> Place:
        self._joined += 1
        last = FIRST_HOST + self._joined if sys.platform == "linux" else 1
        return Place(name, f"127.0.0.{last}", UNCHANGED, "")

    def port(self, wanted: int) -> int:
        return free_port()

    def cut(self, place: Place) -> None:
        raise NotImplementedError("a host on loopback is stopped, not cut off")

    mend = cut

    def end(self) -> None:
        return


def network() -> Namespaces | Loopback:
    """Namespaces if this process may make them (`HOSTS_NETWORK=loopback` does without)."""
    if os.environ.get("HOSTS_NETWORK") != "loopback" and sys.platform == "linux" and shutil.which("ip"):
        with suppress(subprocess.CalledProcessError):
            made = Namespaces()
            try:
                made.join("trial")
            except subprocess.CalledProcessError:
                made.end()
            else:
                return made
    return Loopback()


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True, capture_output=True)
