"""The exam room: a bubblewrap jail with one student process in it, its limits, its start and its end.

Inside there are Python and its packages (less those the assignment hides), the modules of convnets that the assignment
names, and the three files of the student process. No network, no repository, no other hand-in, nothing to write to but
a small /tmp. Without walls (no bubblewrap) the process runs as an ordinary one, with its limits but with this
machine in reach: good enough for one's own work only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from autograder.exam.inside.values import WireError
from autograder.exam.inside.wire import Lost, Peer
from autograder.exam.standins import StandIn
from convnets.checks import CheckFailed

HERE = Path(__file__).resolve().parent
GRADER = HERE.parent
INSIDE = ("__init__.py", "exam/__init__.py", "exam/inside")  # all of the grader that exists in the room
START_SECONDS = 60
MAX_OUTPUT = 200_000  # characters kept of what a hand-in prints between two looks at it
_NOBODY = "65534"
_START = "import sys; sys.path.insert(0, {path!r}); from autograder.exam.inside.student import main; main({fd})"


@dataclass(frozen=True)
class Settings:
    """What an assignment asks of its room; read from the ``convnets`` entry of the source notebook's metadata."""

    hidden_packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("checks",)  # of convnets, as far as this assignment's students may import them
    cell_seconds: float = 30.0
    total_seconds: float = 600.0
    memory_gb: float = 4.0
    processes: int = 64

    @classmethod
    def of(cls, metadata: dict[str, Any]) -> Settings:
        known = dict(metadata.get("convnets", {}))
        if unknown := set(known) - set(cls.__dataclass_fields__):
            raise ValueError(f"unknown room settings in the notebook's metadata: {', '.join(sorted(unknown))}")
        for name in ("hidden_packages", "modules"):
            if name in known:
                known[name] = tuple(known[name])
        return cls(**known)


class RoomLost(CheckFailed):
    """The student's process ended or did not answer in time: the check fails, the reason is not a secret."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.cause = reason


class ExaminerPeer(Peer):
    """The examiner's end: the room may call back functions that a test passed to it, and nothing else."""

    def __init__(self, connection: socket.socket, room: Room):
        super().__init__(connection, {"call": lambda function, *args, **kwargs: function(*args, **kwargs)}, StandIn)
        self._room = room

    def request(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        if self._room.lost:
            raise RoomLost(self._room.lost)
        try:
            return super().request(function, *args, **kwargs)
        except (Lost, WireError) as error:
            if self._waiting:  # inside a call-back: the outermost request says it
                raise
            raise self._room.lose(error) from None

    def on_output(self, text: str) -> None:
        self._room.keep_output(text)

    def publish(self, value: Any) -> tuple[int, str, list[str]]:
        if not callable(value) or isinstance(value, type):
            raise TypeError(f"a test can not hand over a {type(value).__name__}: pass plain data or functions")
        number, name, _ = super().publish(value)
        return number, name, []


@dataclass
class Room:
    """One student process, from ``open`` to ``close``. Every request ends by ``deadline`` or the room is lost."""

    settings: Settings
    walls: bool = True
    lost: str = ""  # why, once it is
    _peer: ExaminerPeer = field(init=False, repr=False)
    _process: subprocess.Popen[bytes] = field(init=False, repr=False)
    _output: str = field(init=False, default="", repr=False)

    def __post_init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._folder = tempfile.mkdtemp(prefix="room-") if not self.walls else ""
        fd = theirs.fileno()
        if self.walls:
            start = [sys.executable, "-I", "-c", _START.format(path="/room", fd=fd)]
            command, cwd = _jail(self.settings) + start, "/"
        else:
            _furnish(Path(self._folder), self.settings)
            command, cwd = [sys.executable, "-I", "-c", _START.format(path=self._folder, fd=fd)], self._folder
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(self._folder or "/tmp"),
            pass_fds=[fd],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._peer = ExaminerPeer(ours, self)
        self.limit(START_SECONDS)
        memory = int(self.settings.memory_gb * 2**30)
        processes = self.settings.processes if self.walls else None
        try:
            self.request("prepare", list(self.settings.hidden_packages), memory, processes)
        except RoomLost as lost:  # nothing of the student's has run yet: this is never their fault
            raise RuntimeError(f"the exam room could not be opened ({lost}): run `autograder doctor`") from None

    def limit(self, seconds: float) -> None:
        """From now on, the room has this long."""
        self._seconds = seconds
        self._peer.deadline = time.monotonic() + seconds

    def request(self, function: str, /, *args: Any) -> Any:
        """Have the student's process apply a function (see student.FUNCTIONS); ``RoomLost`` if it does not answer."""
        return self._peer.request(function, *args)

    def take_output(self) -> str:
        """What the student's code printed since the last call."""
        output, self._output = self._output, ""
        return output

    def close(self) -> None:
        """End every process in the room. Closing twice does nothing."""
        self.lost = self.lost or "the room was closed"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._peer.connection.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def keep_output(self, text: str) -> None:
        self._output = (self._output + text)[:MAX_OUTPUT]

    def lose(self, error: Exception) -> RoomLost:
        """Close the room because of this; returns what is to be raised."""
        if isinstance(error, WireError):
            reason = f"the process answered with nonsense ({error})"
        elif "in time" in str(error):
            reason = f"the code did not end within {self._seconds:g} s and was stopped"
        else:
            reason = f"the code ended its own process ({self._how_it_ended()})"
        self.close()
        self.lost = reason
        return RoomLost(reason)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(2)
        except subprocess.TimeoutExpired:
            return "it closed its connection"
        number = -code if code < 0 else code - 128
        if number in set(signal.Signals):
            return f"signal {signal.Signals(number).name}"
        return f"exit code {code}"


def _environment(home: str) -> dict[str, str]:
    """All of it: nothing of the grader's own environment is inherited but how BLAS is to be driven on this machine."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")}
    blas = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    fixed = {"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}
    folders = {"IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib"}
    return blas | threads | fixed | folders


def _furniture(settings: Settings) -> dict[Path, str]:
    """Files of this project that exist in the room -> where."""
    convnets = GRADER.parent / "convnets"
    files = {GRADER / name: f"autograder/{name}" for name in INSIDE}
    files[convnets / "__init__.py"] = "convnets/__init__.py"
    for module in settings.modules:
        path = convnets / module
        path = path if path.is_dir() else path.with_suffix(".py")
        if not path.exists():
            raise ValueError(f"convnets has no module {module!r}: correct `modules` in the source notebook's metadata")
        files[path] = f"convnets/{path.name}"
    return files


def _furnish(folder: Path, settings: Settings) -> None:
    for path, inside in _furniture(settings).items():
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / inside)


def _jail(settings: Settings) -> list[str]:
    """The command that puts what follows it into a jail of its own.

    A jail that root starts would still be root to the kernel's limits (no bound on processes). So root goes through an
    outer bubblewrap that shows the folders at a place everyone may read, and drops to an ordinary user there.
    """
    python = [Path(p) for p in dict.fromkeys([sys.base_prefix, sys.prefix]) if not Path(p).is_relative_to("/usr")]
    mounts = {path: str(path) for path in [Path("/usr"), *python]}
    mounts |= {path: f"/room/{inside}" for path, inside in _furniture(settings).items()}
    mounts |= {path: str(path) for path in [Path("/etc/ld.so.cache"), Path("/etc/localtime")] if path.exists()}
    command: list[str] = []
    if os.geteuid() == 0:
        shown = {path: f"/mnt/{i}" for i, path in enumerate(mounts)}
        command += ["bwrap", "--die-with-parent", "--dev-bind", "/", "/", "--tmpfs", "/mnt"]
        for path, place in shown.items():
            command += ["--ro-bind", str(path), place]
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "setpriv"]
        command += [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--inh-caps=-all"]
        binds = [(shown[path], place) for path, place in mounts.items()]
    else:
        binds = [(str(path), place) for path, place in mounts.items()]
    command += ["bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-net"]
    command += ["--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    command += ["--size", str(256 * 2**20), "--tmpfs", "/tmp"]  # first: the course itself may lie below /tmp
    for source, place in binds:
        command += ["--ro-bind", source, place]
    for name in ("bin", "lib", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            command += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        elif Path("/", name).is_dir():
            command += ["--ro-bind", f"/{name}", f"/{name}"]
    for package in settings.hidden_packages:
        for place in _package_folders(package):
            command += ["--size", "4096", "--tmpfs", place, "--remount-ro", place]
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*command, "--uid", "1000", "--gid", "1000", "--hostname", "room", "--chdir", "/tmp"]


@cache
def _package_folders(package: str) -> list[str]:
    """Where a package lies; its files are covered by an empty folder in the room."""
    return [str(Path(entry, package)) for entry in sys.path if entry and Path(entry, package).is_dir()]


@cache
def find_walls() -> str | None:
    """None if a jail can be built here, else a sentence that says why not and what to do."""
    if sys.platform != "linux":
        return f"no walls on {sys.platform}: bubblewrap needs Linux (grade in a Linux machine or container)"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: `apt install bubblewrap` (or your system's package of that name)"
    tried = subprocess.run(
        [*_jail(Settings()), sys.executable, "-I", "-c", ""],
        cwd="/",
        env=_environment("/tmp"),
        capture_output=True,
        text=True,
    )
    if tried.returncode == 0:
        return None
    said = (tried.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    return f"bubblewrap is installed but can not build a jail here ({said}): allow unprivileged user namespaces"
