"""Many hand-ins, one after another: what was graded already is left alone, and no single one can stop the rest.

A hand-in is done when its verdict lies in ``results/``: that file is written last, in one move. Kill the run at any
moment and start it again: finished hand-ins are skipped, the one that was in progress is graded anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nbformat import NotebookNode
from tqdm import tqdm

from autograder.classroom import gradebook
from autograder.classroom.handins import HandIn, hand_in_folder, hand_ins, read_hand_in
from autograder.course import Course, CourseError, cannot_write, first_line
from autograder.exam.examiner import digest, examine
from autograder.exam.verdict import ExerciseResult, Verdict
from autograder.release import check_source, student_version

GRADER_ERROR = "grader error"
NAME = 200  # bytes of a student's name that go into a file's name as they are; file systems take 255 in all

Examiner = Callable[..., tuple[Verdict, NotebookNode]]


def grade(
    course: Course,
    assignment: str,
    examine: Examiner = examine,
    walls: bool = True,
    progress: bool = True,
) -> list[Verdict]:
    """Grade everything in ``submitted/*/<assignment>/`` that is new or has changed; the verdicts of all, by student.

    examine  in place of autograder.exam.examiner.examine
    walls    False lets hand-ins run without a jail
    A hand-in on which the examiner itself fails gets zero provisionally, is marked so, and is tried again next time.
    Raises CourseError where nothing can be graded at all.
    """
    source = check_source(course, assignment)
    students = hand_ins(course, assignment)
    with _only_run(course):
        gradebook.register(course, assignment)
        recorded = gradebook.recorded_marks(course, assignment)
        late = gradebook.late_key(course, assignment)
        verdicts = []
        bar = tqdm(students, desc=assignment, unit="hand-in", file=sys.stderr, disable=not progress, dynamic_ncols=True)
        for student in bar:
            bar.set_postfix_str(student, refresh=False)
            hand_in = read_hand_in(hand_in_folder(course, student, assignment), source)
            basis = [digest(source, hand_in.data), hand_in.basis(), late, walls]
            key = hashlib.sha256(repr(basis).encode()).hexdigest()
            verdict = _known(course, assignment, student, key, recorded)
            if verdict is None:
                verdict = _grade_one(course, source, assignment, student, hand_in, examine, walls)
                if not failed(verdict):
                    verdict.digest = key
                save(result_path(course, assignment, student), verdict.to_json().encode())
            verdicts.append(verdict)
        gradebook.name_students(course)
    return verdicts


def _grade_one(
    course: Course, source: NotebookNode, assignment: str, student: str, hand_in: HandIn, examine: Examiner, walls: bool
) -> Verdict:
    try:
        verdict, clean = examine(source, hand_in.data, student=student, assignment=assignment, walls=walls)
        hand_in.tell(verdict)
        gradebook.record(course, verdict, clean, hand_in.timestamp)
        return verdict
    except CourseError as error:
        return _provisional(source, assignment, student, str(error))
    except Exception as error:  # ours, not the student's: say so, and go on with the others
        tqdm.write(traceback.format_exc(), file=sys.stderr)
        verdict = _provisional(source, assignment, student, first_line(error))
        try:
            gradebook.record(course, verdict, student_version(source), hand_in.timestamp, provisional=True)
        except Exception as another:
            tqdm.write(f"{student!r} cannot be recorded: {first_line(another)}", file=sys.stderr)
        return verdict


def _provisional(source: NotebookNode, assignment: str, student: str, cause: str) -> Verdict:
    exercises = [
        ExerciseResult(cell.metadata.nbgrader.grade_id, cell.metadata.nbgrader.points, note=GRADER_ERROR)
        for cell in source.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    ]
    reason = f"{GRADER_ERROR}: {cause}; zero is provisional, the hand-in is graded again next time"
    tqdm.write(f"{student!r}: {reason}", file=sys.stderr)
    return Verdict(assignment, student, exercises, [reason])


def failed(verdict: Verdict) -> bool:
    """Whether the grader itself failed on it, so that its zero is provisional."""
    return any(problem.startswith(GRADER_ERROR) for problem in verdict.problems)


# --- what was done before --------------------------------------------------------------------------------------------


def result_path(course: Course, assignment: str, student: str) -> Path:
    name = student
    if len(name.encode()) > NAME:  # the rest of a long name as a digest
        name = f"{name.encode()[:NAME].decode(errors='ignore')}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return course.results / assignment / f"{name}.json"


def results(course: Course, assignment: str) -> list[Verdict]:
    """All verdicts on file for an assignment, by student. Raises CourseError if there are none."""
    paths = sorted((course.results / assignment).glob("*.json"))
    if not paths:
        raise CourseError(f"no results of {assignment} in {course.results}: run `autograder grade {assignment}` first.")
    try:
        return [Verdict.from_json(path.read_text(encoding="utf-8")) for path in paths]
    except (ValueError, TypeError, KeyError) as error:
        raise CourseError(
            f"a file in {course.results / assignment} is damaged ({first_line(error)}): delete it."
        ) from None


def save(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name[:200]}.new")
        scratch.write_bytes(data)
        os.replace(scratch, path)
    except OSError as error:
        raise cannot_write(error) from None


def _known(course: Course, assignment: str, student: str, key: str, recorded: dict[str, float]) -> Verdict | None:
    """The verdict on exactly this hand-in, if it is on file and the gradebook has the same mark."""
    try:
        verdict = Verdict.from_json(result_path(course, assignment, student).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    same = abs(recorded.get(student, -1.0) - verdict.earned) < 1e-6
    return verdict if same and verdict.digest == key else None


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
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(f"another run is grading in {course.folder}: wait for it, or stop it first.") from None
        yield
