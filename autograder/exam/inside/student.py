"""The student's process: runs their cells in IPython, holds their objects, answers the examiner's requests.

It runs inside the room with the student's code beside it, so nothing here is trusted and nothing here is secret.
"""

from __future__ import annotations

import builtins
import operator
import os
import random
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from typing import Any

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.exam.inside.values import Proxy
from autograder.exam.inside.wire import Peer, error_parts

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
        return self._peer.request("call", self, *args, **kwargs)


class Student(Peer):
    """The room's end of the wire."""

    def __init__(self, connection: socket.socket):
        self.output = CappedOutput()
        sys.stdout = sys.stderr = self.output
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.xmode = "Context"
        self.shell = InteractiveShell.instance(config=config)
        self.label = "?"
        self.shell.compile.get_code_name = lambda *_: f"<cell {self.label}>"  # type: ignore[method-assign]
        super().__init__(connection, FUNCTIONS | {"run": self.run, "get": self.get}, Callback)

    def run(self, code: str, label: str) -> str | None:
        """Run one cell; what it raised as ``TypeName: text``, or None. The traceback is in the output."""
        self.label = label
        result = self.shell.run_cell(code, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        return f"{type(error).__name__}: {str(error)[:500]}" if error is not None else None

    def get(self, names: list[str]) -> dict[str, Any]:
        """The student's objects of these names, as far as there are any."""
        return {name: self.shell.user_ns[name] for name in names if name in self.shell.user_ns}

    def take_output(self) -> str:
        return self.output.take()

    def describe_error(self, error: BaseException) -> dict[str, Any]:
        """With the line of the student's own cell in which it was raised."""
        where, trace = "", error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.startswith("<cell "):
                where = f"line {trace.tb_lineno} of the cell {file[6:-1]}"
            trace = trace.tb_next
        return error_parts(error, where)


def prepare(hidden_packages: list[str], memory: int, processes: int | None) -> None:
    """Limits of this process and its children. memory in bytes; processes None leaves their number alone."""
    sys.meta_path.insert(0, NotHere(hidden_packages))
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 256 * 2**20,
        resource.RLIMIT_NOFILE: 256,
    }
    if processes is not None:
        limits[resource.RLIMIT_NPROC] = processes
    for which, value in limits.items():
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def seed(value: int) -> None:
    """Seed every global generator there is, as the examiner seeded its own."""
    random.seed(value)
    np.random.seed(value % 2**32)
    if (seed_torch := getattr(sys.modules.get("torch"), "manual_seed", None)) is not None:
        seed_torch(value)


def _call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


_BUILTIN = """getattr setattr delattr len iter next repr str bool float int complex isinstance dir abs round"""
_OPERATOR = """getitem setitem delitem contains index eq lt le gt ge neg pos invert add sub mul truediv floordiv mod pow
    matmul and_ or_ xor lshift rshift iadd isub imul itruediv ipow imatmul"""

#: What the examiner may apply to the student's objects.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "seed": seed,
    "call": _call,
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": lambda manager: type(manager).__exit__(manager, None, None, None),
    **{name: getattr(builtins, name) for name in _BUILTIN.split()},
    **{name: getattr(operator, name) for name in _OPERATOR.split()},
}


def main(fd: int) -> None:
    os.environ.setdefault("MPLBACKEND", "Agg")
    Student(socket.socket(fileno=fd)).serve_forever()
