"""One hand-in, cell by cell: theirs run in the room, tests run here, verdicts come out.

No test source, expected value or mark enters the room. A test is passed only when it was run to its end on this side;
a room that is lost costs the check that lost it, and a new room is brought to the same point for the next one.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import hashlib
import io
import platform
import time
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

from autograder.exam import notebook
from autograder.exam.room import Room, RoomLost, Settings
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict
from convnets import checks

LOSSES_PER_EXERCISE = 2  # rooms that one exercise may lose before the rest of its checks is given up
LOSSES = 8  # and that the whole hand-in may lose
_HERE = Path(__file__).resolve().parent
_DECIDING = "**/*.py"  # of this wing: modules that a mark depends on


def examine(
    source: NotebookNode,
    handin: bytes | None,
    *,
    student: str,
    assignment: str,
    only: Collection[str] | None = None,
    stop_at_first_failure: bool = False,
    walls: bool = True,
) -> tuple[Verdict, NotebookNode]:
    """Examine one hand-in against its source notebook.

    handin  the file's bytes, or None if there is none; whatever is wrong with it becomes a problem in the verdict
    only    exercises to test (all if None); the hand-in's cells are run in any case
    Returns the verdict and the clean notebook that was examined: the source's cells around the student's own.
    """
    started = time.monotonic()
    if any("import torch" in cell.source for cell in source.cells):
        import torch  # noqa: F401, now: on a slow machine it takes longer than a check may
    paper = notebook.read(source, handin)
    verdict = Verdict(assignment, student, problems=paper.problems, look=paper.look, digest=digest(source, handin))
    verdict.environment = environment(walls)
    session = _Examination(Settings.of(source.metadata), walls, verdict)
    try:
        for number, cell in enumerate(paper.notebook.cells, 1):
            role = notebook.role(cell)
            if role == "test":
                name = notebook.grade_id(cell)
                tested = only is None or name.removeprefix("test_") in only
                if tested and not (stop_at_first_failure and session.failed):
                    verdict.exercises.append(session.test(cell))
            elif cell.cell_type == "code":
                session.run(cell, notebook.grade_id(cell) or f"no. {number}", locked=role == "locked")
    finally:
        session.close()
    verdict.seconds = round(time.monotonic() - started, 3)
    return verdict, paper.notebook


def digest(source: NotebookNode, handin: bytes | None) -> str:
    """Of everything a mark depends on: the hand-in, the source's cells, and the grader's own code."""
    parts = [handin or b"", repr([(c.cell_type, c.source, notebook.role(c)) for c in source.cells]).encode()]
    parts += [repr(sorted(source.metadata.get("convnets", {}).items())).encode()]
    parts += [repr((platform.python_version(), *map(version, ("numpy", "torch", "ipython")))).encode()]
    parts += [path.read_bytes() for path in (*sorted(_HERE.glob(_DECIDING)), Path(checks.__file__))]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def environment(walls: bool) -> dict[str, str]:
    """What is recorded with a mark."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": version("torch"),
        "machine": platform.machine(),
        "threads": "1",
        "walls": "bubblewrap" if walls else "none",
    }


class _Examination:
    """The state of one examination: the room, the examiner's own names, and how to get back to this point."""

    def __init__(self, settings: Settings, walls: bool, verdict: Verdict):
        self.settings = settings
        self.walls = walls
        self.verdict = verdict
        self.names: dict[str, Any] = {"__name__": "examiner"}
        self.failed = False
        self._ends = time.monotonic() + settings.total_seconds
        self._room: Room | None = None
        self._history: list[tuple[str, str]] = []  # cells run so far, for a new room
        self._losses = 0
        self._losses_here = 0
        self._wanted: set[str] = set()  # names that locked cells and the present test leave to the student

    def close(self) -> None:
        if self._room is not None:
            self._room.close()

    # the student's cells

    def run(self, cell: NotebookNode, label: str, locked: bool) -> None:
        """Run a cell in the room; a locked one, which is the instructor's, on this side too."""
        if locked:
            exec(compile(cell.source, f"<{notebook.grade_id(cell)}>", "exec"), self.names)
            self._wanted |= _names_left_open(cell.source)
        try:
            self._enter()
            self._limit(self.settings.cell_seconds)
            error = self._here().request("run", cell.source, label)
        except RoomLost as lost:
            self.verdict.problems.append(f"the cell {label} was left out: {lost}")
            output = self._room.take_output() if self._room is not None else ""
            self.verdict.outputs[cell.id] = f"{output}\n{lost}"
            return
        self._history.append((cell.source, label))
        self.verdict.outputs[cell.id] = self._here().take_output()
        if error is not None and (locked or "NotImplementedError" not in error):
            self.verdict.problems.append(f"the cell {label} raised {error}")

    # the tests

    def test(self, cell: NotebookNode) -> ExerciseResult:
        """Run a test cell here, with the student's names standing for their objects in the room."""
        name = notebook.grade_id(cell)
        result = ExerciseResult(name, float(cell.metadata.nbgrader["points"]))
        self._put_away_lost_room()
        self._losses_here = 0
        scored: list[checks.Exercise] = []
        names, wanted = dict(self.names), self._wanted
        self._wanted = (wanted | _names_left_open(cell.source)) - names.keys()
        hooks = checks.Exercise.before_check, checks.Exercise.on_score
        checks.Exercise.before_check, checks.Exercise.on_score = [self._before], [scored.append]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.source, f"<{name}>", "exec"), self.names)
        except Exception as error:  # outside any check: what came before it counts, nothing after it does
            result.note = f"the test stopped early: {checks.describe(error)}"
        finally:
            checks.Exercise.before_check, checks.Exercise.on_score = hooks
        found = scored or [value for value in self.names.values() if type(value) is checks.Exercise]
        self.names.clear()  # the same dict: functions of the locked cells look their names up in it
        self.names.update(names)
        self._wanted = wanted
        hidden = notebook.hidden_lines(cell.source)
        for check in (check for exercise in found[:1] for check in exercise.checks):
            shown = CheckResult(check.name, check.points, check.earned, check.passed, check.line in hidden)
            shown.message, shown.cause, shown.hints = check.message, check.cause, list(check.hints)
            result.checks.append(shown)
        self.failed = self.failed or result.earned < result.points
        return result

    def _before(self, check: checks.Check) -> None:
        """Before each check: a living room with the student's names in reach, seeded, and a limit on its time."""
        self._put_away_lost_room()
        if self._losses_here >= LOSSES_PER_EXERCISE:
            raise RoomLost("not run: this exercise's code was stopped, or ended its process, twice before")
        self._enter()
        self._limit(check.seconds)
        for name in self._wanted:  # one at a time: one that can not be handed over must not hide the others
            self.names.pop(name, None)
            try:
                self.names |= self._here().request("get", [name])
            except RoomLost:
                raise
            except Exception:  # then it is not defined, as far as the test is concerned
                continue
        self._here().request("seed", check.seed)

    # the room

    def _here(self) -> Room:
        assert self._room is not None
        return self._room

    def _limit(self, seconds: float) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise RoomLost(f"the hand-in used up its {self.settings.total_seconds:g} s before this")
        self._here().limit(min(seconds, left))

    def _put_away_lost_room(self) -> None:
        if self._room is not None and self._room.lost:
            self._room = None
            self._losses += 1
            self._losses_here += 1

    def _enter(self) -> None:
        """A room in the present state: the one there is, or a new one in which the cells so far are run again."""
        self._put_away_lost_room()
        if self._room is not None:
            return
        if self._losses >= LOSSES:
            raise RoomLost(f"not run: the hand-in lost {LOSSES} rooms before this")
        self._room = Room(self.settings, self.walls)
        for code, label in self._history:
            self._limit(self.settings.cell_seconds)
            self._room.request("run", code, label)
        self._room.take_output()


def _names_left_open(code: str) -> set[str]:
    """Names that a cell reads and does not make itself: the student's, if the student has them."""
    read: set[str] = set()
    made = set(dir(builtins))
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
    return read - made


def read_source(path: Path) -> NotebookNode:
    """A source notebook as nbformat 4."""
    return nbformat.read(path, as_version=4)
