"""Many hand-ins, side by side: what was graded already is left alone, and no single one can stop the rest.

Hand-ins are examined by as many workers as there are jobs; one thread, the caller's, reads them, enters the marks into
the gradebook and writes the verdicts as they come back. A hand-in is done when its verdict lies in ``results/``: that
file is written last, in one move. Kill the run at any moment and start it again: finished hand-ins are skipped, those
that were in progress are graded anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from nbformat import NotebookNode
from tqdm import tqdm

from autograder.classroom import gradebook
from autograder.classroom.handins import HandIn, hand_in_folder, hand_ins, read_hand_in
from autograder.classroom.recording import Desk, put
from autograder.course import Course, CourseError, cannot_write, first_line, plain
from autograder.exam.examiner import digest
from autograder.exam.hall import GraderFailed, Hall
from autograder.exam.verdict import ExerciseResult, Verdict
from autograder.release import check_source, student_version

GRADER_ERROR = "grader error"
TRIES = 3  # of an examination that is ended from outside
NAME = 200  # bytes of a student's name that go into a file's name as they are; file systems take 255 in all


def grade(
    course: Course,
    assignment: str,
    hall: Callable[..., Any] = Hall,
    walls: bool = True,
    progress: bool = True,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> list[Verdict]:
    """Grade everything in ``submitted/*/<assignment>/`` that is new or has changed; the verdicts of all, by student.

    hall      in place of autograder.exam.hall.Hall
    walls     False lets hand-ins run without a jail
    jobs      hand-ins examined at a time, as many as there are cores if None; marks do not depend on it
    executor  in place of threads here: it is given bytes and names, and gives back a verdict and a notebook
    A hand-in on which the grader itself fails gets zero provisionally, is marked so, and is tried again next time.
    Raises CourseError where nothing can be graded at all.
    """
    source = check_source(course, assignment)
    students = hand_ins(course, assignment)
    jobs = jobs or os.cpu_count() or 1
    with _only_run(course):
        gradebook.register(course, assignment)
        with gradebook.recording(course, assignment) as desk:
            batch = _Batch(course, source, assignment, walls, desk)
            recorded = gradebook.recorded_marks(course, assignment)
            todo = [student for student in students if not batch.is_known(student, recorded)]
            if todo:
                batch.bar = _bar(assignment, len(todo), progress)
                shipped = course.solutions / assignment  # the room is given its files, but for notebooks
                opened = hall(source, walls=walls, secret=batch.secret, shipped=shipped)
                with batch.bar, opened as place, _workers(executor, jobs) as (workers, stopped):
                    batch.run(todo, workers, partial(_examine, place, stopped, assignment), 2 * jobs)
        with _contained(lambda error: _say(f"Names for the formgrader could not be entered: {_cause(error)}")):
            gradebook.name_students(course)
        return [batch.verdict(student) for student in students]


Examination = Callable[[bytes | None, str, dict[str, bytes]], tuple[Verdict, NotebookNode]]


def _examine(
    hall: Any, stopped: Event, assignment: str, data: bytes | None, student: str, files: dict[str, bytes]
) -> tuple[Verdict, NotebookNode]:
    """What a worker does: bytes and names in, plain data out. An examination that was ended from outside is repeated.

    Behind an executor on other machines a function of the last three arguments stands here, which keeps a hall there.
    """
    for _ in range(TRIES - 1):  # a hall that was hit takes one to notice
        try:
            return hall.examine(data, student=student, assignment=assignment, files=files)
        except GraderFailed:
            if stopped.is_set():
                raise
    return hall.examine(data, student=student, assignment=assignment, files=files)


class _Batch:
    """One run over a class. Whatever goes wrong with one hand-in stays with it."""

    def __init__(self, course: Course, source: NotebookNode, assignment: str, walls: bool, desk: Desk):
        self.course, self.source, self.assignment, self.walls, self.desk = course, source, assignment, walls, desk
        self.secret, self.late = course.secret(), gradebook.late_key(course, assignment)
        self.shipped = [(name, hashlib.sha256(path.read_bytes()).hexdigest()) for path, name in sorted(desk.files)]
        self.bar = _bar(assignment, 0, False)
        self._unsaved: dict[str, Verdict] = {}  # verdicts that could not be written to their file

    def verdict(self, student: str) -> Verdict:
        """As it is on file: of 2,000 verdicts none is kept in memory while there are hand-ins to examine."""
        if student in self._unsaved:
            return self._unsaved[student]
        try:
            return _read_verdict(result_path(self.course, self.assignment, student))
        except Exception as error:
            return self._provisional(student, error)

    def is_known(self, student: str, recorded: dict[str, float]) -> bool:
        """Whether the verdict on exactly this hand-in is on file and the gradebook has the same mark."""
        try:
            verdict = _read_verdict(result_path(self.course, self.assignment, student))
            same = abs(recorded.get(student, -1.0) - verdict.earned) < 1e-6
            return same and verdict.digest == self._key(self._read(student))
        except Exception:  # then it is graded, and what is wrong shows there
            return False

    def run(self, students: list[str], workers: Executor, examine: Examination, most: int) -> None:
        """Have every hand-in examined, at most ``most`` in memory at a time, and enter what comes back."""
        waiting = iter(students)
        running: dict[Future[tuple[Verdict, NotebookNode]], tuple[str, HandIn]] = {}
        while True:
            while len(running) < most and (student := next(waiting, None)) is not None:
                with _contained(partial(self._fail, student, HandIn())):
                    hand_in = self._read(student)
                    future = workers.submit(examine, hand_in.data, student, hand_in.files)
                    running[future] = student, hand_in
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                student, hand_in = running.pop(future)
                self._settle(student, hand_in, future)

    def _read(self, student: str) -> HandIn:
        return read_hand_in(hand_in_folder(self.course, student, self.assignment), self.source)

    def _key(self, hand_in: HandIn) -> str:
        """Of everything that a mark depends on: the same key, the same mark."""
        basis = [digest(self.source, hand_in.data), hand_in.basis(), self.late, self.walls, self.secret, self.shipped]
        return hashlib.sha256(repr(basis).encode("utf-8", "backslashreplace")).hexdigest()

    def _settle(self, student: str, hand_in: HandIn, future: Future[tuple[Verdict, NotebookNode]]) -> None:
        """Enter what came back, or that nothing did; the file in ``results/`` last."""
        if (error := future.exception()) is not None:  # a worker's, of whatever kind: it is not raised here
            self._fail(student, hand_in, error)
            return
        entered = None
        with _contained(partial(self._fail, student, hand_in)):
            verdict, clean = future.result()
            hand_in.tell(verdict)
            gradebook.record(self.desk, verdict, clean, hand_in.timestamp)
            verdict.digest = self._key(hand_in)
            entered = verdict
        if entered is not None:
            self._keep(entered)

    def _fail(self, student: str, hand_in: HandIn, error: BaseException) -> None:
        """Ours, not the student's: zero for now, said so, entered as far as it can be, and on with the others."""
        verdict = self._provisional(student, error)
        with _contained(lambda another: _say(f"{verdict.student!r} cannot be recorded: {_cause(another)}")):
            blank = student_version(self.source)
            gradebook.record(self.desk, verdict, blank, hand_in.timestamp, provisional=True)
        self._keep(verdict)

    def _keep(self, verdict: Verdict) -> None:
        """Write the verdict to its file. Where that fails, the hand-in is graded again next time."""

        def unsaved(error: BaseException) -> None:
            self._unsaved[verdict.student] = self._provisional(verdict.student, error)

        with _contained(unsaved):
            data = verdict.to_json().encode("utf-8", "replace")
            save(result_path(self.course, self.assignment, verdict.student), data)
        with contextlib.suppress(OSError, ValueError):  # nobody looks on any more
            self.bar.set_postfix_str(plain(verdict.student, 24), refresh=False)
            self.bar.update()

    def _provisional(self, student: str, error: BaseException) -> Verdict:
        cause = _cause(error)
        if not isinstance(error, CourseError | GraderFailed):
            _say("".join(traceback.format_exception(error)))
        exercises = [
            ExerciseResult(cell.metadata.nbgrader.grade_id, cell.metadata.nbgrader.points, note=GRADER_ERROR)
            for cell in self.source.cells
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
        ]
        reason = f"{GRADER_ERROR}: {cause}; zero is provisional, the hand-in is graded again next time"
        _say(f"{student!r}: {reason}")
        return Verdict(self.assignment, student, exercises, [reason])


def _cause(error: BaseException) -> str:
    return plain(str(error) if isinstance(error, CourseError | GraderFailed) else first_line(error))


@contextmanager
def _contained(then: Callable[[BaseException], None]) -> Iterator[None]:
    """Whatever goes wrong inside goes to ``then`` and no further, but for a person's wish to stop."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        then(error)


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        clean = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
        tqdm.write(clean.rstrip()[-10_000:], file=sys.stderr)


def _bar(assignment: str, total: int, shown: bool) -> tqdm[Any]:
    return tqdm(total=total, desc=assignment, unit="hand-in", file=sys.stderr, disable=not shown, dynamic_ncols=True)


@contextmanager
def _workers(executor: Executor | None, jobs: int) -> Iterator[tuple[Executor, Event]]:
    """The executor given, or threads, which wait while the hall's processes work, and what tells them that it is over.

    Nothing is waited for: the end of the hall ends what is still being examined.
    """
    stopped = Event()
    workers = executor or ThreadPoolExecutor(jobs, "examination")
    try:
        yield workers, stopped
    finally:
        stopped.set()
        if executor is None:
            workers.shutdown(wait=False, cancel_futures=True)


def failed(verdict: Verdict) -> bool:
    """Whether the grader itself failed on it, so that its zero is provisional."""
    return any(problem.startswith(GRADER_ERROR) for problem in verdict.problems)


# --- what was done before --------------------------------------------------------------------------------------------


def result_path(course: Course, assignment: str, student: str) -> Path:
    name = student
    if len(name.encode()) > NAME:  # the rest of a long name as a digest
        name = f"{name.encode()[:NAME].decode(errors='ignore')}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return course.results / assignment / f"{name}.json"


def _read_verdict(path: Path) -> Verdict:
    return Verdict.from_json(path.read_text(encoding="utf-8"))


def results(course: Course, assignment: str) -> list[Verdict]:
    """All verdicts on file for an assignment, by student. Raises CourseError if there are none."""
    paths = sorted((course.results / assignment).glob("*.json"))
    if not paths:
        raise CourseError(f"no results of {assignment} in {course.results}: run `autograder grade {assignment}` first.")
    try:
        return [_read_verdict(path) for path in paths]
    except (ValueError, TypeError, KeyError) as error:
        raise CourseError(
            f"a file in {course.results / assignment} is damaged ({first_line(error)}): delete it."
        ) from None


def save(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        put(path, data)
    except OSError as error:
        raise cannot_write(error) from None


@contextmanager
def _only_run(course: Course) -> Iterator[None]:
    """Two runs at once over one course would grade twice: the second is refused."""
    try:
        course.results.mkdir(parents=True, exist_ok=True)
        lock = open(course.results / ".lock", "w")  # noqa: SIM115, closed below
    except OSError as error:
        raise cannot_write(error) from None
    with lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a lock that no process started here can inherit
        except OSError:
            raise CourseError(f"another run is grading in {course.folder}: wait for it, or stop it first.") from None
        yield
