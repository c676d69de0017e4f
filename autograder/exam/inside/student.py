"""The student's process: runs their cells in IPython, holds their objects, answers the examiner's requests.

It runs inside the room with the student's code beside it, so nothing here is trusted and nothing here is secret.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import operator
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from typing import Any

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.exam.inside import syscalls
from autograder.exam.inside.changes import is_collecting
from autograder.exam.inside.values import Proxy, is_tensor
from autograder.exam.inside.wire import Peer, error_parts, rebuild_error

SWEEPS = 50  # rounds, against what makes new processes while others are ended
MAX_OUTPUT = 100_000  # characters kept of what one cell or one call prints


class CappedOutput:
    """A text stream that keeps the first ``MAX_OUTPUT`` characters and forgets the rest."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def write(self, text: str) -> int:
        text = str(text)
        if self._size < MAX_OUTPUT:
            kept = text[: MAX_OUTPUT - self._size]
            self._parts.append(kept)
            self._size += len(kept)
            if self._size >= MAX_OUTPUT:
                self._parts.append(f"\n… cut here: more than {MAX_OUTPUT:,} characters\n")
        return len(text)

    def take(self) -> str:
        text = "".join(self._parts)
        self._parts, self._size = [], 0
        return text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("this stream is no file")


class NotHere(MetaPathFinder):
    """Says why a package can not be imported (where there are walls, its files are not there either)."""

    def __init__(self, packages: Sequence[str]):
        self.packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"{name} is not available in this assignment: do without it", name=name)


class Callback(Proxy):
    """A function of the test's that was passed to the student's code. It can be called, and that is all."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        peer: Any = self._peer
        return peer.request(self._ref, *args, **kwargs)


class Student(Peer):
    """The room's end of the wire. Made before there is a connection: it is forked for each hand-in and exercise."""

    def __init__(self) -> None:
        self.output = CappedOutput()
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.xmode = "Context"
        self.shell = InteractiveShell.instance(config=config)
        self.label = "?"
        self.shell.compile.get_code_name = lambda *_: f"<cell {self.label}>"  # type: ignore[method-assign]
        own: list[Callable[..., Any]] = [self.put, self.run, self.get, self.fork, self.sweep, self.ended]
        super().__init__(socket.socket(), FUNCTIONS | {f.__name__: f for f in own}, Callback)
        self.walls = False  # whether every process in sight is this hand-in's
        self._forked: list[int] = []

    def begin(self, connection: socket.socket, walls: bool) -> None:
        """Serve one hand-in on this connection until it ends."""
        sys.stdout = sys.stderr = self.output
        self.walls = walls
        self.connection.close()
        self.connection = connection
        self.serve_forever()

    # what the examiner asks of this process as a whole

    def put(self, name: str, content: np.ndarray) -> None:
        """A file that was handed in, beside the notebook. content (bytes,) uint8"""
        with open(name, "wb") as file:
            file.write(content.tobytes())

    def run(self, text: np.ndarray, label: str) -> str | None:
        """Run one cell; what it raised as ``TypeName: text``, or None. The traceback is in the output.

        text: (bytes,) uint8
        """
        self.label = label
        result = self.shell.run_cell(text.tobytes().decode("utf-8"), store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            return None
        parts = self.describe_error(error)
        return f"{parts['mro'][0]}: {parts['text'][:500]}"

    def get(self, names: list[str]) -> list[list[Any]]:
        """For each name the student's object, in a list of its own; an empty list where there is none."""
        return [[self.shell.user_ns[name]] if name in self.shell.user_ns else [] for name in names]

    def fork(self) -> int:
        """A copy of this process goes on serving on a connection that comes right behind the request; its number.

        Whatever else of this hand-in's is still running is ended first.
        """
        self.sweep()
        _, fds, _, _ = socket.recv_fds(self.connection, 1, 1)
        drawn = random.getstate()
        number = os.fork()
        random.setstate(drawn)  # which Python seeds anew in every child
        if number:
            os.close(fds[0])
            self._forked.append(number)
            return number
        os.setpgid(0, 0)
        if self.walls:
            syscalls.refuse_signals_to(os.getppid())
        self._forked = []
        self.connection.close()
        self.connection = socket.socket(fileno=fds[0])
        return 0

    def sweep(self) -> None:
        """End every other process of this hand-in."""
        for _ in range(SWEEPS):
            if not (others := _others() if self.walls else self._forked):
                break
            for number in others:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(number, signal.SIGKILL) if self.walls else os.killpg(number, signal.SIGKILL)
            for number in self._forked:
                _wait(number)
            self._forked = []
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # those of the cells' own making: until fetched they count as running
                pass

    def ended(self, number: int) -> int | None:
        """How a forked process ended: its exit code, or minus the signal; None if it runs."""
        if number not in self._forked:
            return None
        for _ in range(100):
            if (code := _wait(number, os.WNOHANG)) is not None:
                self._forked.remove(number)
                return code
            time.sleep(0.01)
        return None

    # this end of the wire

    def take_output(self) -> str:
        return self.output.take()

    def _trailer(self) -> dict[str, Any]:
        return super()._trailer() | {"cpu": time.process_time()}

    def on_state(self, state: dict[str, Any]) -> None:
        torch = sys.modules.get("torch")
        if (rng := state.get("numpy")) is not None:
            np.random.set_state(("MT19937", np.frombuffer(rng[0], np.uint32), *rng[1:]))
        if (rng := state.get("random")) is not None:
            random.setstate((rng[0], tuple(rng[1]), rng[2]))
        if torch is not None and hasattr(torch, "set_rng_state"):
            if (rng := state.get("torch")) is not None:
                torch.set_rng_state(torch.frombuffer(bytearray(rng), dtype=torch.uint8))
            torch.set_grad_enabled(state.get("grad", True))

    def stays(self, tensor: Any) -> bool:
        """Parameters, and other tensors that gradients are collected in: a copy of them would collect nothing."""
        return is_collecting(tensor) or _is_parameter(tensor)

    def keeps(self, function: str, args: list[Any]) -> bool:
        if function in ("getattr", "getitem"):
            return not isinstance(args[0], np.ndarray)
        owner = getattr(args[0], "__self__", None) if function == "call" and args else None
        return is_tensor(owner) or getattr(args[0] if args else None, "__name__", "") == "state_dict"

    def describe_error(self, error: BaseException) -> dict[str, Any]:
        """With the line of the student's own cell in which it was raised."""
        where, trace = "", error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.startswith("<cell "):
                where = f"line {trace.tb_lineno} of the cell {file[6:-1]}"
            trace = trace.tb_next
        return error_parts(error, where)


def _is_parameter(tensor: Any) -> bool:
    """Also while it is frozen."""
    return isinstance(tensor, getattr(getattr(sys.modules.get("torch"), "nn", None), "Parameter", ()))


def _others() -> list[int]:
    """Every process in sight but the first and this one; those that have ended and wait to be fetched aside."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                if file.read().rpartition(b")")[2].split()[:1] != [b"Z"]:
                    found.append(int(name))
    return found


def _wait(number: int, options: int = 0) -> int | None:
    try:
        waited, status = os.waitpid(number, options)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if waited else None


def _call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _in_room(name: str, /, *args: Any, **kwargs: Any) -> Any:
    from convnets.checks import IN_ROOM

    if name not in IN_ROOM:
        raise LookupError(f"{name} is not there: a function marked @in_room stands in a locked cell above the check")
    return IN_ROOM[name](*args, **kwargs)


def _exit(manager: Any, names: list[str], text: str) -> bool:
    """Leave a ``with`` block, with the error that ended it if one did: the names of its classes and its text."""
    if not names:
        return bool(type(manager).__exit__(manager, None, None, None))
    error = rebuild_error({"mro": names, "text": text})
    return bool(type(manager).__exit__(manager, type(error), error, None))


def _fetch(tensor: Any) -> Any:
    """A tensor's numbers, as they are now."""
    return tensor.detach().clone()


_BUILTIN = """getattr setattr delattr len iter next repr str bool float int complex isinstance dir abs round reversed
    divmod format"""
_OPERATOR = """getitem setitem delitem contains index eq ne lt le gt ge neg pos invert add sub mul truediv floordiv mod
    pow matmul and_ or_ xor lshift rshift iadd isub imul itruediv ifloordiv imod ipow imatmul iand ior ixor ilshift
    irshift"""

#: What the examiner may apply to the student's objects.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "call": _call,
    "in_room": _in_room,
    "fetch": _fetch,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "rdivmod": lambda a, b: divmod(b, a),
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": _exit,
    **{name: getattr(builtins, name) for name in _BUILTIN.split()},
    **{name: getattr(operator, name) for name in _OPERATOR.split()},
}
