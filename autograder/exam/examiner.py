"""One hand-in, cell by cell: theirs run in the room, tests run here, verdicts come out.

No test source, expected value or mark enters the room. A test is passed only when it was run to its end on this side;
a process that is lost costs the check that lost it, and the next check gets a new one, forked from where the cells got
to.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import hashlib
import io
import platform
import time
import zlib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder.exam import notebook
from autograder.exam.inside.values import is_proxy
from autograder.exam.inside.wire import clean
from autograder.exam.room import Building, ExaminerPeer, GraderFailed, Room, RoomLost
from autograder.exam.standins import watch_seeding
from autograder.exam.tensors import refuse_what_needs_the_graph
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict
from autograder.exam.walls import Settings
from convnets import checks

LOSSES_PER_EXERCISE = 2  # processes that one exercise may lose before the rest of its checks is given up
MAX_PROBLEMS = 50
MAX_OUTPUTS = 1_000_000  # characters kept of what all cells print
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
    secret: str = "",
    files: Mapping[str, bytes] = {},
    shipped: Path | None = None,
    room: Room | None = None,
) -> tuple[Verdict, NotebookNode]:
    """Examine one hand-in against its source notebook.

    handin   the file's bytes, or None if there is none; whatever is wrong with it becomes a problem in the verdict
    only     exercises to test (all if None); the hand-in's cells are run in any case
    secret   goes into the seeds of hidden checks; empty, they are seeded as in the student's Lab
    files    what was handed in beside the notebook; shipped is the folder of what the release brought along
    room     where it is examined; one is opened for this hand-in if None
    Returns the verdict and the clean notebook that was examined: the source's cells around the student's own.
    Raises GraderFailed where the room was ended from outside.
    """
    if room is None:
        settings = Settings.of(source.metadata)
        options: dict[str, Any] = {"student": student, "assignment": assignment, "only": only, "files": files}
        options |= {"stop_at_first_failure": stop_at_first_failure, "walls": walls, "secret": secret}
        with (
            Building(settings, preload(source), walls, shipped) as building,
            Room(*building.open(), settings) as own,
        ):
            return examine(source, handin, room=own, **options)
    started = time.monotonic()
    warm_up(source)
    paper = notebook.read(source, handin)
    verdict = Verdict(assignment, student, problems=paper.problems, look=paper.look, digest=digest(source, handin))
    verdict.environment = environment(walls)
    session = _Examination(room, verdict, secret)
    with _in_room_runs_there(session):
        session.put(files)
        for number, cell in enumerate(paper.notebook.cells, 1):
            role = notebook.role(cell)
            if role == "test":
                name = notebook.grade_id(cell)
                tested = only is None or name.removeprefix("test_") in only
                if tested and not (stop_at_first_failure and session.failed):
                    verdict.exercises.append(session.test(cell))
            elif cell.cell_type == "code":
                session.run(cell, notebook.grade_id(cell) or f"no. {number}", locked=role == "locked")
            if room.gone:
                raise GraderFailed("the exam room was ended from outside")
    verdict.killed = room.killed
    verdict.problems[MAX_PROBLEMS:] = []
    verdict.seconds = round(time.monotonic() - started, 3)
    return verdict, paper.notebook


def digest(source: NotebookNode, handin: bytes | None) -> str:
    """Of everything a mark depends on: the hand-in, the source's cells and settings, the grader's code, versions."""
    settings = dict(source.metadata.get("convnets", {}))
    parts = [handin or b"", repr([(c.cell_type, c.source, notebook.role(c)) for c in source.cells]).encode()]
    parts += [repr(sorted(settings.items())).encode()]
    parts += [repr((platform.python_version(), *map(version, ("numpy", "torch", "ipython")))).encode()]
    folder = Path(checks.__file__).parent
    modules = {"checks", *Settings.of(source.metadata).modules}
    code = sorted(_HERE.glob(_DECIDING))
    for name in sorted(modules):
        code += [folder / f"{name}.py", *sorted(folder.glob(f"{name}/**/*.py"))]
    parts += [path.read_bytes() for path in code if path.is_file()]
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


def warm_up(source: NotebookNode) -> None:
    """Do once for many examinations what each of them would do anew."""
    if needs_torch(source):
        import torch  # noqa: F401, now: on a slow machine it takes longer than a check may

        refuse_what_needs_the_graph()
    watch_seeding()
    for cell in source.cells:
        if notebook.role(cell) in ("test", "locked"):
            _compiled(cell.source, notebook.grade_id(cell))
            _names(cell.source)


def needs_torch(source: NotebookNode) -> bool:
    return any("import torch" in cell.source or "from torch" in cell.source for cell in source.cells)


def preload(source: NotebookNode) -> tuple[str, ...]:
    """Modules that the cells which students see import: the building imports them once for all hand-ins."""
    found: set[str] = set()
    for cell in source.cells:
        hidden = notebook.hidden_lines(cell.source)
        if cell.cell_type == "code" and (tree := _parsed(cell.source)) is not None:
            for node in (node for node in ast.walk(tree) if getattr(node, "lineno", 0) not in hidden):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module)
    hidden_packages = Settings.of(source.metadata).hidden_packages
    return tuple(sorted(name for name in found if name.partition(".")[0] not in hidden_packages))


class _Examination:
    """The state of one examination: the room, the examiner's own names, and what came of it so far."""

    def __init__(self, room: Room, verdict: Verdict, secret: str):
        self.room = room
        self.verdict = verdict
        self.secret = secret
        self.names: dict[str, Any] = {"__name__": "examiner"}
        self.failed = False
        self._tested = False  # whether a test ran: from then on nothing that the hand-in prints is kept
        self._losses = 0
        self._wanted: set[str] = set()  # names that locked cells and the present test leave to the student
        self._stored: set[str] = set()  # those among them that the present test binds itself, too
        self._hidden = range(0)  # lines of the present test that students do not see
        self._spent: list[float] = []  # seconds that the room had computed when each check of the present test began

    def put(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            self.room.limit(self.room.settings.cell_seconds, self.room.trunk)
            self.room.trunk.request("put", name, np.frombuffer(content, np.uint8))

    # the student's cells

    def run(self, cell: NotebookNode, label: str, locked: bool) -> None:
        """Run a cell in the room; a locked one, which is the instructor's, on this side too."""
        if locked:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(_compiled(cell.source, notebook.grade_id(cell)), self.names)
            self._wanted |= _names(cell.source)[0]
        try:
            error = self.room.run(cell.source, label, self.room.settings.cell_seconds, not _only_defines(cell.source))
        except RoomLost as lost:
            self.verdict.problems.append(f"the cell {label} was left out: {lost}")
            error = None
        except GraderFailed:
            raise
        except Exception as raised:  # by what runs the cells, such as a compiler that gives up
            error = f"{type(raised).__name__}: {raised}"
        output = self.room.take_output()
        if error is not None:
            said = error.partition(":")[0] if self._tested else error
            if locked or "NotImplementedError" not in error:
                self.verdict.problems.append(f"the cell {label} raised {clean(said, 600)}")
        if output and not self._tested:
            left = MAX_OUTPUTS - sum(map(len, self.verdict.outputs.values()))
            self.verdict.outputs[cell.id] = clean(output, min(200_000, left))

    # the tests

    def test(self, cell: NotebookNode) -> ExerciseResult:
        """Run a test cell here, with the student's names standing for their objects in the room."""
        name = notebook.grade_id(cell)
        result = ExerciseResult(name, float(cell.metadata.nbgrader["points"]))
        self._tested, self._losses, self._spent = True, 0, []
        self._hidden = notebook.hidden_lines(cell.source)
        scored: list[checks.Exercise] = []
        names, wanted = dict(self.names), self._wanted
        read, stored = _names(cell.source)
        self._wanted = (wanted | read) - names.keys()
        self._stored = stored
        hooks = checks.Exercise.before_check, checks.Exercise.on_score
        checks.Exercise.before_check, checks.Exercise.on_score = [self._before], [scored.append]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(_compiled(cell.source, name), self.names)
        except Exception as error:  # outside any check: what came before it counts, nothing after it does
            result.note = clean(f"the test stopped early: {checks.describe(error)}", 4_000)
        finally:
            checks.Exercise.before_check, checks.Exercise.on_score = hooks
        found = scored or [value for value in self.names.values() if type(value) is checks.Exercise]
        self._spent.append(self.room.branch.cpu if self.room.branch is not None else 0.0)
        self.names.clear()  # the same dict: functions of the locked cells look their names up in it
        self.names.update(names)
        self._wanted = wanted
        self.room.end_test()
        self.room.take_output()
        for number, check in enumerate(check for exercise in found[:1] for check in exercise.checks):
            result.checks.append(self._shown(check, number))
        self.failed = self.failed or result.earned < result.points
        return result

    def _shown(self, check: checks.Check, number: int) -> CheckResult:
        shown = CheckResult(check.name, check.points, check.earned, check.passed, check.line in self._hidden)
        shown.message, shown.cause = clean(check.message, 4_000), clean(check.cause, 4_000)
        shown.hints = list(check.hints)
        if number + 1 < len(self._spent):
            shown.cpu_seconds = round(max(self._spent[number + 1] - self._spent[number], 0.0), 4)
        return shown

    def _before(self, check: checks.Check) -> None:
        """Before each check: a living process with the student's names in reach, seeds, and a limit on its time."""
        if self.secret and check.line in self._hidden:
            check.reseed(zlib.crc32(f"{self.secret}/{check.seed}/{check.name}".encode()))
        branch = self.room.branch
        self._spent.append(branch.cpu if branch is not None and not branch.lost else 0.0)
        new = branch is None or bool(branch.lost)
        if new:
            self._losses += branch is not None
            if self._losses >= LOSSES_PER_EXERCISE:
                raise RoomLost("not run: this exercise's code was stopped, or ended its process, twice before")
            branch = self.room.begin_test()
        assert branch is not None
        self.room.limit(check.seconds, branch)
        self._get(branch, [name for name in sorted(self._wanted) if self._is_due(name, branch)])

    def _is_due(self, name: str, branch: ExaminerPeer) -> bool:
        """Whether a name is to be fetched: not if the test has bound it itself, but for what died with a branch."""
        held = self.names.get(name)
        stale = held is not None and is_proxy(held) and held._peer is not branch
        return stale or name not in self._stored or name not in self.names

    def _get(self, branch: ExaminerPeer, names: list[str]) -> None:
        """The student's objects, each under the name that it was asked for by, whatever comes back.

        What is not there, or can not be handed over, is not defined as far as the test is concerned.
        """
        for name in names:
            self.names.pop(name, None)
        try:
            found = branch.request("get", names)
        except RoomLost:
            raise
        except Exception:
            if len(names) > 1:  # one that can not be handed over must not hide the others
                for name in names:
                    self._get(branch, [name])
            return
        if type(found) is not list or len(found) != len(names):
            raise RoomLost("the process answered with nonsense (other names than were asked for)")
        for name, answer in zip(names, found, strict=True):
            if type(answer) is list and len(answer) == 1:
                self.names[name] = answer[0]


@contextlib.contextmanager
def _in_room_runs_there(session: _Examination) -> Any:
    """While an examination lasts, functions marked @in_room are run by the room."""

    def run_there(function: Any, args: Any, kwargs: Any) -> Any:
        branch = session.room.branch
        if branch is None:
            raise RuntimeError(f"{function.__name__} is marked @in_room: it can be called inside a check only")
        return branch.request("in_room", function.__name__, *args, **kwargs)

    before = checks.run_in_room
    checks.run_in_room = run_there
    try:
        yield
    finally:
        checks.run_in_room = before


@cache
def _compiled(code: str, label: str) -> Any:
    return compile(code, f"<{label}>", "exec")


@cache
def _names(code: str) -> tuple[set[str], set[str]]:
    """Names that a cell leaves to the student, if the student has them, and those of them that it binds itself too.

    A name that is bound before it is read, by a statement that does not read it, is the cell's own.
    """
    read: set[str] = set()
    bound: set[str] = set()
    tree = ast.parse(code)
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.alias):
            own.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
    return read - own, bound & read


def _parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _only_defines(code: str) -> bool:
    """Whether running this cell can not do more than define functions and import what is there: it needs no fork."""
    if len(code) > 100_000 or (tree := _parsed(code)) is None:
        return False
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
            annotations = [a for a in ast.walk(node.args) if isinstance(a, ast.arg) and a.annotation is not None]
            if node.decorator_list or annotations or node.returns or not all(map(_is_constant, defaults)):
                return False
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if not all(name.partition(".")[0] in ("numpy", "math", "convnets") for name in names):
                return False
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) and not isinstance(
            node, ast.Pass
        ):
            return False
    return True


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))
