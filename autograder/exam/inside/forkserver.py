"""Process 1 of the exam building: it has imported what hand-ins may use, and forks a room for each of them.

It knows no secret, runs no student's code, and ends when its control connection does, whatever ended that; every room
ends with it. With walls, each room gets name spaces of its own inside the jail that bubblewrap built: its own process
numbers, /tmp, network (none) and semaphores, so that no hand-in meets another.

This file exists inside the room: it may import nothing else of the grader.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from autograder.exam.inside import syscalls

SHIPPED = Path("/shipped")  # files of the release, where there are walls
TMP_BYTES = 256 * 2**20
_NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # NS UTS IPC USER PID NET
_NOSUID_NODEV, _NOEXEC, _READ_ONLY, _REMOUNT = 2 | 4, 8, 1, 32
_BIND, _RECURSIVE, _DETACH = 4096, 16384, 2  # of mounts
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 24, 38


def main(fd: int) -> None:
    control = socket.socket(fileno=fd)
    (length,) = struct.unpack("<I", control.recv(4, socket.MSG_WAITALL))
    settings = json.loads(control.recv(length, socket.MSG_WAITALL))
    from autograder.exam.inside.student import NotHere, Student

    sys.meta_path.insert(0, NotHere(settings["hidden_packages"]))
    for name in settings["preload"]:
        try:
            importlib.import_module(name)
        except Exception as error:  # the student's own cell will say so, in its place
            print(f"{name} is not preloaded: {error}", file=sys.stderr)
    student = Student()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a room: its end is seen by its connection's
    control.send(b"r")
    while True:
        message, fds, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            _room(student, socket.socket(fileno=fds[0]), socket.socket(fileno=fds[1]), settings)
        for number in fds:
            os.close(number)


def _room(student: Any, door: socket.socket, wire: socket.socket, settings: dict[str, Any]) -> None:
    """The first process of a room: it holds the door, and when that is closed everything in the room ends."""
    try:
        if settings["walls"]:
            _separate()
        else:
            os.setsid()
        door.send(b"r")  # its number, as the examiner's side counts processes, comes along with this
        if os.fork() == 0:
            door.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if settings["walls"]:
                _libc().prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
                syscalls.refuse_what_nobody_needs()
            limit(settings["memory"], settings["processes"])
            _lay_out_files(settings)
            student.begin(wire, settings["walls"])
    except BaseException as error:
        try:
            door.send(f"x{type(error).__name__}: {error}"[:500].encode())
        finally:
            os._exit(1)
    wire.close()
    while door.recv(1):
        pass
    if not settings["walls"]:
        _end_session()
    os._exit(0)  # of its own name space this is process 1: the kernel ends all others


def _end_session() -> None:
    """Without walls: end every process of this session, again and again against what makes new ones.

    What took itself away into a session of its own goes on: there are no walls.
    """
    for _ in range(100 if Path("/proc/self/stat").exists() else 0):
        found = False
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and int(entry.name) != os.getpid() and _session(entry.path) == os.getsid(0):
                found = True
                with contextlib.suppress(OSError):
                    os.kill(int(entry.name), signal.SIGKILL)
        if not found:
            return
    os.killpg(0, signal.SIGKILL)


def _session(process: str) -> int:
    """The session of a process that runs; -1 where it does not any more."""
    with contextlib.suppress(OSError):
        state, _, _, session = Path(process, "stat").read_bytes().rpartition(b")")[2].split()[:4]
        return -1 if state == b"Z" else int(session)
    return -1


def limit(memory: int, processes: int | None) -> None:
    """Bound this process and its children. memory: bytes beyond what is mapped now, so that it means the same with
    every build of torch; processes None leaves their number alone."""
    mapped = 0
    if Path("/proc/self/statm").exists():
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: mapped + memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: TMP_BYTES,
        resource.RLIMIT_NOFILE: 256,
    }
    if processes is not None:
        limits[resource.RLIMIT_NPROC] = processes
    for which, value in limits.items():
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def _lay_out_files(settings: dict[str, Any]) -> None:
    """The release's files, where a notebook looks for them: in its own folder. They themselves can not be written."""
    shipped = SHIPPED if settings["walls"] else Path(settings["shipped"] or "/nowhere")
    if shipped.is_dir():
        for path in shipped.iterdir():
            if path.suffix != ".ipynb" and not Path(path.name).exists():
                Path(path.name).symlink_to(path)


# --- name spaces -----------------------------------------------------------------------------------------------------


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _must(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _separate() -> None:
    """Go on in name spaces of one's own, as their process 1, without any privilege in them."""
    libc, user, group = _libc(), os.getuid(), os.getgid()
    _must(libc.unshare(_NEW_NAMESPACES), "no name spaces of its own")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    if os.fork():
        os._exit(0)
    # Python itself may lie below /tmp: it is kept in sight while a new /tmp is laid over the old one.
    kept = [Path(place) for place in sorted({sys.prefix, sys.base_prefix}) if Path(place).is_relative_to("/tmp")]
    _must(libc.mount(b"/tmp", b"/dev/shm", None, _BIND | _RECURSIVE, None), "the old /tmp can not be kept")
    _lay_tmpfs(libc, "/tmp", TMP_BYTES)
    for place in kept:
        place.mkdir(parents=True, exist_ok=True)
        old = Path("/dev/shm", place.relative_to("/tmp"))
        _must(libc.mount(bytes(old), bytes(place), None, _BIND | _RECURSIVE, None), f"{place} can not be kept")
    _must(libc.umount2(b"/dev/shm", _DETACH), "the old /tmp stays in sight")
    _lay_tmpfs(libc, "/dev/shm", TMP_BYTES // 4)
    _must(libc.mount(b"proc", b"/proc", b"proc", _NOSUID_NODEV | _NOEXEC, None), "no /proc of its own")
    Path("/proc/sys/user/max_user_namespaces").write_text("0")  # no further privileges to be had inside
    _must(libc.mount(None, b"/proc", None, _REMOUNT | _READ_ONLY | _NOSUID_NODEV | _NOEXEC, None), "no quiet /proc")
    os.chdir("/tmp")
    _drop_privileges(libc)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # so that nothing in the room looks into its first process


def _lay_tmpfs(libc: ctypes.CDLL, place: str, size: int) -> None:
    options = f"size={size},mode=1777".encode()
    _must(libc.mount(b"tmpfs", place.encode(), b"tmpfs", _NOSUID_NODEV, options), f"no {place} of its own")


def _drop_privileges(libc: ctypes.CDLL) -> None:
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    _must(libc.capset(header, (ctypes.c_uint32 * 6)()), "privileges could not be dropped")
