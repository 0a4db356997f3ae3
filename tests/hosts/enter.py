"""`enter.py <parent> <namespace> <name> <user> <command…>`: the command, on a host of the test. `-` leaves a thing."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys

CLONE_NEWUTS, CLONE_NEWNET = 0x04000000, 0x40000000  # sched.h
PR_SET_PDEATHSIG = 1
UNCHANGED = "-"


def main(parent: str, namespace: str, name: str, user: str, *command: str) -> None:
    """Network, name and user change, the process does not; it ends with `parent`, as `app.core.lifeline` has it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if namespace != UNCHANGED:
        with open(namespace, "rb") as file:
            check(libc.setns(file.fileno(), CLONE_NEWNET))
        check(libc.unshare(CLONE_NEWUTS))
        socket.sethostname(name)
    if user != UNCHANGED:
        import pwd

        found = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(found.pw_gid)
        os.setuid(found.pw_uid)
    if sys.platform == "linux":  # last: a change of user takes the promise back
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(parent):
            os.kill(os.getpid(), signal.SIGKILL)
    os.execvp(command[0], command)  # noqa: S606  the test's own command


def check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(*sys.argv[1:])
