"""A hand-in run as in its student's own Lab: every cell in one namespace, hidden tests included, no examiner anywhere.

    with LabKernel() as lab:
        exercises = lab.run(cells(source, answers))

One process with NumPy, torch and IPython imported stays; each hand-in runs in a fork of it, as in a kernel of its own.
Nothing of ``autograder.exam`` is used: what the Lab says is what the examiner's verdict is compared with.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300  # for one hand-in, by the clock
KERNEL_DIED = "the kernel died"


@dataclass
class Seen:
    """One check as the Lab ran it."""

    name: str
    passed: bool
    earned: float
    message: str
    stopped: bool = False  # it ran out of its time


@dataclass
class LabExercise:
    """One test cell; ``note`` says how it ended, if not by itself (then later checks may be missing)."""

    grade_id: str
    checks: list[Seen] = field(default_factory=list)
    note: str = ""


def cells(
    source: Any, answers: Iterable[Any] = (), only: Collection[str] | None = None, bare: bool = False
) -> list[tuple[str, str]]:
    """What a student runs from top to bottom, as (grade_id of a test or "", code).

    source   a source notebook     answers  each in place of its exercise's solution cell
    only     exercises whose test cells are run (all if None)
    bare     without the cells that have no part in grading
    """
    answered = {answer.exercise: answer.code for answer in answers}
    found = []
    for cell in source.cells:
        if cell.cell_type != "code":
            continue
        role = cell.metadata.get("nbgrader", {})
        name = role.get("grade_id", "")
        if role.get("grade"):
            if only is None or name.removeprefix("test_") in only:
                found.append((name, cell.source))
        elif role or not bare:
            found.append(("", answered.get(name, cell.source)))
    return found


class LabKernel:
    """Runs hand-ins one after the other, each in a fresh process."""

    def __enter__(self) -> LabKernel:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def run(self, hand_in: list[tuple[str, str]]) -> list[LabExercise]:
        """The checks of every test cell that came to its turn; a test cell that the kernel died in is the last one."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(hand_in).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return [LabExercise(e["grade_id"], [Seen(**c) for c in e["checks"]], e["note"]) for e in answer]


# --- inside the process ----------------------------------------------------------------------------------------------


class OutOfTime(Exception):
    """A check used up its CPU seconds. Raised again after as long again, should a hand-in swallow it."""


def _serve() -> None:
    """Answer hand-ins from stdin, one JSON line each, until it is closed."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (1, 2):  # what cells print is not looked at
        os.dup2(nothing, fd)
    shell = InteractiveShell.instance(config=config)
    for line in sys.stdin.buffer:
        answers.write(json.dumps(_in_a_fork(shell, json.loads(line))).encode() + b"\n")
        answers.flush()


def _in_a_fork(shell: Any, hand_in: list[list[str]]) -> list[dict[str, Any]]:
    """Exercises as they come out of a child process, one JSON line each; the one it died in has a note."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(BaseException), os.fdopen(writer, "wb", buffering=0) as out:
            for exercise in _run(shell, hand_in):
                out.write(json.dumps(exercise).encode() + b"\n")
            out.write(b"null\n")
        os._exit(0)
    os.close(writer)
    content = _read(reader, time.monotonic() + SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    lines = [json.loads(line) for line in content.splitlines() if line.endswith(b"}") or line == b"null"]
    exercises = [line for line in lines if line is not None]
    if None not in lines:
        tests = [name for name, _ in hand_in if name]
        exercises.append({"grade_id": tests[len(exercises)], "checks": [], "note": KERNEL_DIED})
    return exercises


def _read(fd: int, deadline: float) -> bytes:
    parts = []
    with selectors.DefaultSelector() as ready:
        ready.register(fd, selectors.EVENT_READ)
        while ready.select(max(deadline - time.monotonic(), 0)):
            if not (part := os.read(fd, 2**16)):
                break
            parts.append(part)
    os.close(fd)
    return b"".join(parts)


def _run(shell: Any, hand_in: list[list[str]]) -> Iterable[dict[str, Any]]:
    from convnets.checks import Exercise

    def limit(check: Any) -> None:
        """A check's time in CPU seconds, as the examiner counts: in Lab it is the student who would interrupt."""
        signal.setitimer(signal.ITIMER_PROF, check.seconds, check.seconds)

    def out_of_time(*_: object) -> None:
        raise OutOfTime

    signal.signal(signal.SIGPROF, out_of_time)
    scored: list[Any] = []
    Exercise.before_check, Exercise.on_score = [limit], [scored.append]
    for grade_id, code in hand_in:
        scored.clear()
        known = {id(value) for value in shell.user_ns.values() if type(value) is Exercise}
        result = shell.run_cell(code, store_history=False)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if not grade_id:
            continue
        error = result.error_before_exec or result.error_in_exec
        new = [v for v in shell.user_ns.values() if type(v) is Exercise and id(v) not in known]
        checks = [check for exercise in (scored or new)[:1] for check in exercise.checks]
        note = f"{type(error).__name__}: {error}" if error is not None else ""
        yield {"grade_id": grade_id, "checks": [_seen(check) for check in checks], "note": note}


def _seen(check: Any) -> dict[str, Any]:
    earned, passed = float(check.earned), bool(check.passed)
    stopped = check.message.startswith(OutOfTime.__name__)
    return {"name": check.name, "passed": passed, "earned": earned, "message": check.message, "stopped": stopped}


if __name__ == "__main__":
    _serve()
