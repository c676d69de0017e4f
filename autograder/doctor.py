"""What stands on this machine: versions, room to work, and above all the walls, tried and not merely looked up.

Only the standard library is imported before it is needed, so that this runs where packages are missing too:
``python -m autograder.doctor``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
DISK_GB = 1.0  # a class of 300 with its feedback takes about a tenth of that

#: What a hostile hand-in would try first. Leaves ``refused``: what -> whether the room refused it.
TRIAL = """
import ctypes, os, signal, socket, time

def keyring():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(libc_number()), 0, -3, 1, 0, 0) < 0 and ctypes.get_errno() == 1:
        raise PermissionError

def libc_number():
    return {{"x86_64": 250, "aarch64": 219}}.get(os.uname().machine, 250)  # keyctl

def is_refused(attempt):
    try:
        attempt()
    except (OSError, MemoryError):
        return True
    return False

def forks():
    children = []
    try:
        for _ in range({processes} + 10):
            child = os.fork()
            if child == 0:
                time.sleep(20)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

refused = {{
    "network": is_refused(lambda: socket.create_connection(("127.0.0.1", {port}), timeout=2)),
    "files": not any(os.path.exists(path) for path in {secrets!r}),
    "writing": not any(os.access(folder, os.W_OK) for folder in ("/", "/usr", "/proc/sys/kernel", {prefix!r})),
    "memory": is_refused(lambda: bytearray({memory})),
    "processes": is_refused(forks),
    "system calls": is_refused(keyring),
}}
"""

#: Four processes that are each within the bounds of one and together are not.
HOARD = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        break
hoard = bytearray(b"x") * (1200 * 2**20)
time.sleep(60)
"""


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``safety``: without it, other people's work must not be graded here."""

    what: str
    good: bool
    cure: str = ""
    safety: bool = False

    def __str__(self) -> str:
        return f"✓ {self.what}" if self.good else f"✗ {self.what}" + (f": {self.cure}" if self.cure else "")


def doctor(folder: Path = ROOT / "autograder") -> int:
    """Print a line for each thing that matters; 0 if other people's work may be graded here, else 1.

    folder  the course folder, where hand-ins and marks lie
    """
    safe = True
    for finding in [_python(), _packages(), _writable(folder), _disk(folder), _chromium()]:
        print(finding, flush=True)
    for finding in _walls():
        print(finding, flush=True)
        safe = safe and (finding.good or not finding.safety)
    if safe:
        print("Other people's work can be graded here.")
    else:
        print("Other people's work must not be graded here. Your own may: autograder check ASSIGNMENT needs no walls.")
    return 0 if safe else 1


def _python() -> Finding:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    what = f"Python {sys.version.split()[0]}"
    return Finding(
        what, sys.version_info >= OLDEST_PYTHON, f"the course needs {oldest} or newer: make PYTHON=python3.12 …"
    )


def _packages() -> Finding:
    """Installed versions against requirements.lock. A local label (2.13.0+cpu) is a build of the same version."""
    try:
        lines = (ROOT / "requirements.lock").read_text().splitlines()
    except OSError:
        return Finding("requirements.lock cannot be read", False, "restore it from git")
    different = []
    wanted = [line.split("==") for line in lines if line and not line.startswith("#")]
    for name, locked in wanted:
        try:
            found = version(name).partition("+")[0]
        except PackageNotFoundError:
            found = "missing"
        if found != locked:
            different.append(f"{name} {found} instead of {locked}")
    if different:
        more = f" and {len(different) - 3} more" if len(different) > 3 else ""
        cure = f"{sys.executable} -m pip install -r requirements.lock"
        return Finding(f"packages differ from requirements.lock ({', '.join(different[:3])}{more})", False, cure)
    key = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "nbgrader", "jupyterlab"))
    return Finding(f"{len(wanted)} packages as locked ({key})", True)


def _writable(folder: Path) -> Finding:
    shown = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    place = next(path for path in (folder, *folder.parents) if path.exists())  # a new course folder is made when needed
    try:
        with tempfile.TemporaryFile(dir=place):
            return Finding(f"{shown}/ can be written: hand-ins, marks and feedback go there", True)
    except OSError as error:
        cure = "correct its permissions, or name another with --course FOLDER"
        return Finding(f"{shown}/ cannot be written ({error.strerror})", False, cure)


def _disk(folder: Path) -> Finding:
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free / 1e9
    return Finding(f"{free:.1f} GB of disk free", free >= DISK_GB, f"make room: a class needs about {DISK_GB:g} GB")


def _chromium() -> Finding:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return Finding(f"{name} is here, for the tests in a browser (make test)", True)
    cure = "sudo apt-get install chromium, or leave it: only make test needs it"
    return Finding("no Chromium for the tests in a browser", False, cure)


def _walls() -> Iterator[Finding]:
    who = "as root: student code is dropped to an ordinary user" if os.geteuid() == 0 else "as an ordinary user"
    yield Finding(f"runs {who}", True)
    try:
        from autograder.exam import room  # noqa: F401, what the trial needs
        from autograder.exam.walls import find_walls
    except ImportError as error:
        cure = f"{sys.executable} -m pip install -r requirements.lock"
        yield Finding(f"the exam room cannot be tried ({error})", False, cure, safety=True)
        return
    if problem := find_walls():
        what, _, cure = problem.partition(": ")
        yield Finding(what, False, cure, safety=True)
        return
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True).stdout
    number = "".join(re.findall(r"[\d.]+", said)[:1])
    yield Finding(f"bubblewrap {number} builds a jail", True)
    yield from _trial()


def _trial(walls: bool = True) -> Iterator[Finding]:
    """Open an exam room, try in it what it should refuse, and report on each."""
    from autograder.exam.room import Building, GraderFailed, Room, RoomLost
    from autograder.exam.walls import Settings

    settings = Settings(memory_gb=2.0, processes=32, total_seconds=60)
    secrets = [str(ROOT / name) for name in ("solutions", "tests", "autograder/classroom/gradebook.py")]
    error: object
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            tempfile.NamedTemporaryFile() as secret,
            Building(settings, walls=walls) as building,
            Room(*building.open(), settings) as room,
        ):
            code = TRIAL.format(
                prefix=sys.prefix,
                processes=settings.processes,
                port=server.getsockname()[1],
                secrets=[secret.name, *secrets],
                memory=int(settings.memory_gb * 2**30) + 1,
            )
            error = room.run(code, "trial", 10)
            [[refused]] = room.trunk.request("get", ["refused"])
            ended = _ends(room, "while True: pass")
            hoarding = _ends(room, HOARD)
    except (RoomLost, GraderFailed, OSError, ValueError) as lost:
        error, refused = str(lost), None
    if error or not isinstance(refused, dict):
        cure = "this should not happen; with the walls in doubt, do not grade"
        yield Finding(f"the trial room did not answer ({error})", False, cure, safety=True)
        return
    promises = {
        "network": "no network in the room, this machine's own ports included",
        "files": "no solutions, tests or marks in the room, and none of this machine's temporary files",
        "writing": "nothing in the room can be changed but its own /tmp",
        "memory": "each process in the room has bounded memory",
        "processes": "the number of processes is bounded in the room",
        "system calls": "system calls that no hand-in needs are refused (libseccomp)",
    }
    for name, promise in promises.items():
        cure = "this wall is missing here: an older kernel or a container without namespaces? grade on another machine"
        yield Finding(promise, refused.get(name) is True, cure, safety=True)
    yield Finding("code that never ends is ended", ended, "do not grade here", safety=True)
    yield Finding("all processes of a hand-in together have bounded memory", hoarding, "do not grade here", safety=True)


def _ends(room: Any, code: str) -> bool:
    """Whether a cell that would go on for ever is ended."""
    from autograder.exam.room import RoomLost

    try:
        room.run(code, "trial", 5)
    except RoomLost:
        return True
    return False


if __name__ == "__main__":
    sys.exit(doctor())
