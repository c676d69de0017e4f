"""The exam building and its rooms: started, watched, ended. What happens in them is in the folder inside/.

A building is one warm process behind walls that forks a room for each hand-in. In a room, the trunk runs the student's
cells in their order; a branch, forked from it, serves one exercise's tests. A branch that crashes or hangs costs the
check that it served; the next one is forked from the same trunk. Without walls (no bubblewrap) all this runs as
ordinary processes, with limits but with this machine in reach: good enough for one's own work only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from autograder.exam.inside.values import WireError
from autograder.exam.inside.wire import Lost, Peer
from autograder.exam.standins import SEEDED
from autograder.exam.tensors import make_stand_in
from autograder.exam.walls import Settings, environment, furnish, jail
from convnets.checks import CheckFailed

START_SECONDS = 120
CHORE_SECONDS = 10  # for what the examiner itself asks of a process: to fork, to end others
LOOK = 0.25  # seconds between two looks at what a room uses
MAX_OUTPUT = 200_000  # characters kept of what a hand-in prints between two looks at it
_START = "import sys; sys.path.insert(0, {path!r}); from autograder.exam.inside.forkserver import main; main({fd})"

#: What the answer to a request has to be, where that is known before.
_ANSWERS: dict[Any, tuple[type, ...]] = {
    **dict.fromkeys(("len", "int", "index", "fork"), (int,)),
    **dict.fromkeys(("bool", "isinstance", "contains", "exit"), (bool,)),
    **dict.fromkeys(("repr", "str", "format"), (str,)),
    **dict.fromkeys(("setattr", "delattr", "setitem", "delitem", "sweep"), (type(None),)),
    "float": (float,),
    "complex": (complex,),
    "run": (str, type(None)),
    "ended": (int, type(None)),
    "dir": (list,),
}

_CHORES = ("put", "run", "fork", "sweep", "ended")  # no student's code may fail them: an error is no answer


class RoomLost(CheckFailed):
    """The student's process ended or did not answer in time: the check fails, the reason is not a secret."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.cause = reason


class GraderFailed(RuntimeError):
    """The examination was stopped by something that is not the hand-in's doing: its mark is provisional."""


class Building:
    """One warm process, behind walls if there are any, that rooms for many hand-ins are forked from.

    preload  modules that it imports before the first hand-in
    shipped  a folder whose files, notebooks aside, lie beside the student's notebook
    """

    def __init__(
        self, settings: Settings, preload: tuple[str, ...] = (), walls: bool = True, shipped: Path | None = None
    ):
        self.settings, self.walls = settings, walls
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        self._folder = "" if walls else tempfile.mkdtemp(prefix="room-")
        if walls:
            command, cwd = [*jail(settings, shipped)], "/"
            place = "/room"
        else:
            furnish(Path(self._folder), settings)
            command, cwd, place = [], self._folder, self._folder
        self._process = subprocess.Popen(
            [*command, sys.executable, "-I", "-c", _START.format(path=place, fd=fd)],
            cwd=cwd,
            env=environment(self._folder or "/tmp"),
            pass_fds=[fd],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        theirs.close()
        self.control = ours
        told = {
            "walls": walls,
            "hidden_packages": list(settings.hidden_packages),
            "preload": list(preload),
            "memory": int(settings.memory_gb * 2**30),
            "processes": settings.processes if walls else None,
            "shipped": str(shipped) if shipped else "",
        }
        data = json.dumps(told).encode()
        with contextlib.suppress(OSError):  # it ended already: wait() says why
            ours.sendall(struct.pack("<I", len(data)) + data)
        self._ready = False

    def wait(self) -> None:
        """Return when the building has opened. Raises GraderFailed if it does not."""
        if self._ready:
            return
        self.control.settimeout(START_SECONDS)
        try:
            opened = self.control.recv(1)
        except OSError:
            opened = b""
        if opened != b"r":
            self._process.kill()
            said = (self._process.communicate()[1] or b"").decode("utf-8", "replace").strip().splitlines()
            raise GraderFailed(f"the exam room could not be opened ({said[-1] if said else 'no answer'}): "
                               "run `autograder doctor`")  # fmt: skip
        self._ready = True

    def open(self) -> tuple[socket.socket, socket.socket]:
        """A new room: its door and its wire, for ``Room``. Raises GraderFailed if the building is gone."""
        self.wait()
        door, inner_door = socket.socketpair()
        wire, inner_wire = socket.socketpair()
        with contextlib.suppress(AttributeError, OSError):
            door.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            socket.send_fds(self.control, [b"o"], [inner_door.fileno(), inner_wire.fileno()])
        except OSError:
            raise GraderFailed("the exam building was ended from outside") from None
        finally:
            inner_door.close()
            inner_wire.close()
        return door, wire

    def close(self) -> None:
        """End every process in it. Closing twice does nothing."""
        self.control.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Building:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class ExaminerPeer(Peer):
    """The examiner's end of the wire to one process of a room.

    The room may call functions that a test handed to it, by their number, and nothing else.
    """

    pause = LOOK
    freezes = True

    def __init__(self, connection: socket.socket, room: Room):
        super().__init__(connection, {}, make_stand_in)
        self.room = room
        self.number = 0  # of its process, as this side counts processes
        self.number_inside = 0  # as the room counts them; 0 for its first one
        self.cpu = 0.0  # seconds that it says it has computed
        self.lost = ""
        self.passing: socket.socket | None = None  # a connection that goes along with the next request
        self._sent_state: dict[str, Any] = {}
        self._torch_state: Any = None

    def request(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self.lost:
            raise RoomLost(self.lost)
        try:
            self.room.look()
            answer = super().request(function, *args, **kwargs)
            if type(answer) not in _ANSWERS.get(function, (type(answer),)):
                raise WireError(f"{function} answered with a {type(answer).__name__}")
            return answer
        except (Lost, WireError) as error:
            if self._waiting:  # inside a call-back: the outermost request says it
                raise
            raise self.room.lose(self, error) from None
        except Exception as error:
            if function not in _CHORES:
                raise
            raise self.room.lose(self, WireError(f"{function} failed: {type(error).__name__}")) from None

    def on_pause(self) -> None:
        self.room.look()

    def serve(self, message: dict[str, Any], buffers: list[Any]) -> None:
        self.room.look()  # a loop of calls never lets this side wait
        super().serve(message, buffers)

    def _send(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        super()._send(message, buffers)
        if self.passing is not None:
            connection, self.passing = self.passing, None
            with contextlib.suppress(OSError):
                socket.send_fds(self.connection, [b"f"], [connection.fileno()])

    def on_output(self, text: str) -> None:
        self.room.keep_output(text)

    def on_reply(self, reply: dict[str, Any]) -> None:
        cpu = reply.get("cpu")
        if type(cpu) is float and cpu == cpu:
            self.cpu = cpu

    def find(self, function: Any) -> Any:
        """Only what was handed over, and by its number."""
        if type(function) is not int:
            raise WireError("the process asks for what it was not given")
        return self.resolve(function)

    def publish(self, value: Any) -> tuple[int, str, list[str], bool]:
        if not callable(value) or isinstance(value, type) or _is_module(value):
            raise TypeError(
                f"a test can not hand over a {type(value).__name__}: pass plain data or functions, or make it in a "
                "function of a locked cell that is marked @in_room"
            )
        return super().publish(value)

    def describe_error(self, error: BaseException) -> dict[str, Any]:
        parts = super().describe_error(error)
        return parts | {"text": ""} if isinstance(error, AssertionError) else parts  # it may tell what was expected

    def take_state(self) -> dict[str, Any]:
        """Where this side's global generators stand, as far as that changed, and whether gradients are recorded."""
        state: dict[str, Any] = {}
        seeded = dict(SEEDED)
        now: dict[str, Any] = {"numpy": (seeded["numpy"], _numpy_mark())}
        now["random"] = (seeded["random"], random.getstate())
        if (torch := sys.modules.get("torch")) is not None:
            state["grad"] = torch.is_grad_enabled()
            drawn, now["torch"] = torch.get_rng_state(), seeded["torch"]
            before = self._torch_state if now["torch"] == self._sent_state.get("torch") else None
            if before is None or not torch.equal(drawn, before):
                self._torch_state, state["torch"] = drawn, drawn.numpy().tobytes()
        if now["random"] != self._sent_state.get("random"):
            state["random"] = now["random"][1]
        if now["numpy"] != self._sent_state.get("numpy"):
            full: Any = np.random.get_state(legacy=True)
            state["numpy"] = [full[1].tobytes(), *full[2:]]
        self._sent_state = now
        return state


class Room:
    """One hand-in's processes, seen from the examiner's side. ``door`` and ``wire`` come from ``Building.open``.

    trunk   runs the cells in their order
    branch  serves the present exercise's tests, if there is one
    """

    def __init__(self, door: socket.socket, wire: socket.socket, settings: Settings):
        self.settings = settings
        self.door = door
        self.branch: ExaminerPeer | None = None
        self.killed = False  # whether a process of it was ended by SIGKILL, and not by us: perhaps from outside
        self._output = ""
        self.gone = False  # whether it was ended from outside
        self.until = time.monotonic() + settings.total_seconds  # when everything has to be over
        self._cpu_start, self._clock_start, self._seconds = 0.0, time.monotonic(), 0.0
        self._clock_limit = self._looked = self.until
        self._base = 0
        said, self.number = _first_words(door)
        if not said.startswith(b"r") or len(said) > 1:
            reason = said.decode("utf-8", "replace").lstrip("rx") or "it was ended from outside"
            self.door.close()
            wire.close()
            raise GraderFailed(f"the exam room could not be opened ({reason}): run `autograder doctor`")
        self.trunk = ExaminerPeer(wire, self)
        self._parent: ExaminerPeer | None = None  # the trunk as it was before the cell that is running
        self._peer = self.trunk
        self._looked = time.monotonic()
        self._base = self._memory()

    # what runs in it

    def run(self, code: str, label: str, seconds: float, careful: bool = True) -> str | None:
        """Run a cell; what it raised as text, or None. Raises RoomLost, and then it is as if the cell was not there.

        careful  False where nothing can go wrong that would end the process: saves a fork
        """
        text = np.frombuffer(code.encode("utf-8", "replace"), np.uint8)  # as bytes: however long it is
        if not careful:
            self.limit(seconds, self.trunk)
            return self.trunk.request("run", text, label)
        before = self.trunk
        self.trunk = self._fork(before)
        self._parent = before
        try:
            self.limit(seconds, self.trunk)
            error = self.trunk.request("run", text, label)
        except RoomLost:
            self.trunk = before
            raise
        finally:
            self._parent = None
        before.connection.close()  # it ends
        return error

    def begin_test(self) -> ExaminerPeer:
        """A branch for one exercise, or a new one if the last was lost. Raises RoomLost."""
        self.end_test()
        self._parent = self.trunk
        self.branch = self._fork(self.trunk)
        return self.branch

    def end_test(self) -> None:
        if self.branch is not None:
            self.branch.lost = self.branch.lost or "its exercise is over"
            self.branch.connection.close()
            self.branch = self._parent = None

    def _fork(self, parent: ExaminerPeer) -> ExaminerPeer:
        ours, theirs = socket.socketpair()
        with contextlib.suppress(AttributeError, OSError):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.limit(CHORE_SECONDS, parent)
        parent.passing = theirs
        try:
            number = parent.request("fork")
        finally:
            parent.passing = None
            theirs.close()
        process = _sender(ours)
        child = ExaminerPeer(ours, self)
        child.number_inside, child.number = number, process
        child._sent_state, child._torch_state = parent._sent_state, parent._torch_state
        with contextlib.suppress(WireError):
            child._receive()  # the copy's own answer to the request
        return child

    # limits

    def limit(self, seconds: float, peer: ExaminerPeer) -> None:
        """From now on a process may compute this long, and use some more of the clock; ``until`` holds for all."""
        self._peer, self._seconds = peer, seconds
        self._clock_start = time.monotonic()
        self._cpu_start = _cpu_seconds(peer.number)
        self._clock_limit = self._clock_start + 3 * seconds + 2

    def look(self) -> None:
        """Raises Lost if the room has had its time, or holds too much memory."""
        now = time.monotonic()
        if now > self.until:
            raise Lost(f"the hand-in used up its {self.settings.total_seconds:g} s and was stopped")
        if now > self._clock_limit:
            raise Lost(f"the code did not end within {now - self._clock_start:.0f} s of the clock and was stopped")
        if now - self._looked < LOOK:
            return
        self._looked = now
        if _cpu_seconds(self._peer.number) - self._cpu_start > self._seconds:
            raise Lost(f"the code did not end within {self._seconds:g} s and was stopped")
        if (used := self._memory() - self._base) > self.settings.memory_gb * 2**30:
            raise Lost(f"the hand-in used {used / 2**30:.1f} GB of memory, more than {self.settings.memory_gb:g} GB")

    def _memory(self) -> int:
        """Bytes that all processes of the room hold together; shared ones count once."""
        total = 0
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            first = psutil.Process(self.number)
            for process in [first, *first.children(recursive=True)]:
                with contextlib.suppress(psutil.Error, OSError):
                    total += _share(process)
        return total

    # its end

    def lose(self, peer: ExaminerPeer, error: Exception) -> RoomLost:
        """Give up a process because of this; returns what is to be raised. Raises GraderFailed for an outer cause."""
        self.check_door()
        stopped = isinstance(error, Lost) and "ended" not in str(error)
        reason = str(error) if stopped else f"the process answered with nonsense ({error})"
        if isinstance(error, Lost) and not stopped:
            reason = f"the code ended its own process ({self._how_it_ended(peer)})"
        peer.lost = reason
        peer.connection.close()
        parent = self._parent
        if parent is not None and not parent.lost and parent is not peer:
            with contextlib.suppress(RoomLost):
                self.limit(CHORE_SECONDS, parent)
                parent.request("sweep")
        return RoomLost(reason)

    def check_door(self) -> None:
        """Raises GraderFailed if the room's first process is gone: no hand-in can end that."""
        self.door.settimeout(0.0)
        try:
            gone = self.door.recv(1) == b""
        except BlockingIOError:
            gone = False
        except OSError:
            gone = True
        if gone:
            self.gone = True
            raise GraderFailed("the exam room was ended from outside")

    def _how_it_ended(self, peer: ExaminerPeer) -> str:
        number, parent = peer.number_inside, self._parent
        if number == 0 or parent is None or parent.lost:
            self.killed = True  # nobody is left who could say: perhaps from outside
            return "it closed its connection"
        try:
            self.limit(CHORE_SECONDS, parent)
            code = parent.request("ended", number)
        except RoomLost:
            self.killed = True
            code = None
        if code is None:
            return "it closed its connection"
        if -code in set(signal.Signals):
            self.killed = self.killed or -code == signal.SIGKILL
            return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"

    def close(self) -> None:
        """End every process in the room. Closing twice does nothing."""
        for peer in (self.branch, self.trunk):
            if peer is not None:
                peer.lost = peer.lost or "the room was closed"
                peer.connection.close()
        self.door.close()

    # what it prints

    def take_output(self) -> str:
        """What the student's code printed since the last call."""
        output, self._output = self._output, ""
        return output

    def keep_output(self, text: str) -> None:
        self._output = (self._output + text)[:MAX_OUTPUT]

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _numpy_mark() -> bytes:
    """What changes whenever a number is drawn from NumPy's global generator or it is seeded: its state, as raw bytes.

    Asking NumPy itself takes four hundred times as long, and this is looked at with every request.
    """
    bits: Any = np.random.mtrand._rand._bit_generator
    return ctypes.string_at(bits.ctypes.state_address, 625 * 4)


def _is_module(value: Any) -> bool:
    """It can be called, but its parameters would stay here."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _first_words(door: socket.socket) -> tuple[bytes, int]:
    """What a room says when it opens, and the number of its first process, as this side counts processes."""
    door.settimeout(START_SECONDS)
    try:
        said, ancillary, _, _ = door.recvmsg(600, socket.CMSG_SPACE(12))
    except OSError:
        return b"", 0
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == getattr(socket, "SCM_CREDENTIALS", -1):
            return said, struct.unpack("iII", data[:12])[0]
    return said, 0


def _sender(connection: socket.socket) -> int:
    """The number of the process that wrote first on this connection, as this side counts processes; 0 if unknown."""
    connection.settimeout(START_SECONDS)
    with contextlib.suppress(OSError):
        _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(12), socket.MSG_PEEK)
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == getattr(socket, "SCM_CREDENTIALS", -1):
                return struct.unpack("iII", data[:12])[0]
    return 0


def _cpu_seconds(number: int) -> float:
    """Seconds that a process has computed; 0 if that can not be had."""
    if number <= 0:
        return 0.0
    try:
        return time.clock_gettime((~number << 3) | 2)  # the kernel's clock of another process
    except (OSError, AttributeError, OverflowError):
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(number).cpu_times()
            return times.user + times.system
    return 0.0


def _share(process: psutil.Process) -> int:
    """Bytes of a process's memory, what it shares with others by its share; less exact where that is not told."""
    try:
        return process.memory_full_info().pss
    except (psutil.AccessDenied, AttributeError):
        info = process.memory_info()
        return info.rss - getattr(info, "shared", 0)
