"""The spool: what is in it survives, what is torn does no harm, and what finds no room is counted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.opens.recording.spool import MAX_RECORD, NAME, SIZE, Spool

HEAD = 64
ROOT = Path(__file__).parents[3]


def take(spool: Spool, limit: int = 1000) -> list[bytes]:
    part = spool.read(limit)
    spool.take_out(part)
    return part.records


def test_what_goes_in_comes_out_in_order_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.is_empty()
    records = [f"record {number}".encode() * number for number in range(50)]

    assert all(spool.append(record) for record in records)
    assert not spool.is_empty()
    assert take(spool, 20) == records[:20]
    assert take(Spool(tmp_path)) == records[20:]  # another process goes on
    assert spool.is_empty()
    assert spool.read(10).is_empty


def test_the_file_has_its_size_from_the_beginning(tmp_path: Path) -> None:
    Spool(tmp_path).prepare()

    found = (tmp_path / NAME).stat()
    assert (found.st_size, found.st_blocks * 512 >= SIZE, found.st_mode & 0o777) == (SIZE, True, 0o600)


def test_an_emptied_spool_begins_anew(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(2):  # twice what it holds
        for _ in range(SIZE // (MAX_RECORD + 8) - 1):
            assert spool.append(bytes(MAX_RECORD))
        while len(take(spool, 40)) == 40:
            pass
    assert spool.is_empty()


def test_what_was_added_while_somebody_read_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(b"one")
    part = spool.read(10)
    spool.append(b"two")
    spool.take_out(part)

    assert take(spool) == [b"two"]


def test_a_full_spool_says_so_and_counts(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    kept = sum(spool.append(bytes(MAX_RECORD)) for _ in range(SIZE // MAX_RECORD + 5))

    assert kept == (SIZE - HEAD) // (MAX_RECORD + 8)
    assert not spool.append(bytes(MAX_RECORD + 1))
    lost = SIZE // MAX_RECORD + 5 - kept + 1
    assert spool.read(1).lost == lost
    spool.take_out(spool.read(1))
    assert spool.read(1).lost == 0
    assert spool.append(b"small")  # what is left of the room is used


def end_of(file: Path) -> int:
    return int.from_bytes(file.read_bytes()[16:24], "little")


@pytest.mark.parametrize("broken", range(3), ids=["first", "middle", "last"])
def test_a_torn_record_costs_nobody_else(tmp_path: Path, broken: int) -> None:
    spool = Spool(tmp_path)
    at = []
    for number in range(3):
        at.append(end_of(spool.path) if number else HEAD)
        spool.append(f"record {number}".encode())
    with spool.path.open("r+b") as file:
        file.seek(at[broken] + 10)
        file.write(b"\x00\x00")

    assert take(spool) == [f"record {number}".encode() for number in range(3) if number != broken]
    assert spool.is_empty()


def test_a_record_whose_length_is_torn_ends_what_can_be_read_and_no_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(b"before")
    at = end_of(spool.path)
    spool.append(b"torn")
    with spool.path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 8)

    assert take(spool) == [b"before"]
    spool.append(b"after")
    assert take(spool) == [b"after"]


HEADS = {
    "empty": b"",
    "short": b"KTSPOOL1",
    "noise": b"\xff" * 64,
    "noughts": bytes(64),
    "no sense": b"KTSPOOL1" + b"\xff" * 24,
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_file_that_is_no_spool_becomes_one(tmp_path: Path, head: bytes) -> None:
    (tmp_path / NAME).write_bytes(head)
    spool = Spool(tmp_path)

    assert spool.append(b"record")
    assert take(spool) == [b"record"]


def test_a_disk_that_fails_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()

    with pytest.raises(OSError, match="directory"):
        Spool(tmp_path).append(b"record")


WRITE = """
import sys
from pathlib import Path
from app.opens.recording.spool import Spool
spool = Spool(Path(sys.argv[1]))
for number in range(200):
    assert spool.append(f"{sys.argv[2]}-{number}".encode())
"""


def test_many_threads_and_processes_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    taken: list[bytes] = []
    command = [sys.executable, "-c", WRITE, str(tmp_path)]
    others = [subprocess.Popen([*command, name], env={**os.environ, "PYTHONPATH": str(ROOT)}) for name in "ab"]
    threads = [
        threading.Thread(target=lambda name=name: [spool.append(f"{name}-{n}".encode()) for n in range(200)])
        for name in "cd"
    ]
    for thread in threads:
        thread.start()
    while any(each.poll() is None for each in others) or any(each.is_alive() for each in threads):
        taken += take(spool, 30)
    taken += take(spool)

    assert [each.returncode for each in others] == [0, 0]
    assert sorted(taken) == sorted(f"{name}-{n}".encode() for name in "abcd" for n in range(200))
