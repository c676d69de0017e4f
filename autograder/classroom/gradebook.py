"""nbgrader's side: verdicts into its gradebook through its own pipeline.

``Examine`` stands in ``nbgrader autograde`` where the notebook would be run, tests and all, in the student's kernel.
``record`` takes a verdict that is there already through the same steps.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import nbgrader.api
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Assignment, Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, NbGraderPreprocessor, OverwriteCells
from nbgrader.utils import is_grade, is_locked, is_solution
from sqlalchemy import func, select

from autograder.classroom.handins import read_hand_in
from autograder.classroom.recording import Desk, HeldGradebook, put
from autograder.course import (
    CODE_STUB,
    TEXT_STUB,
    Course,
    CourseError,
    find_course,
    first_line,
    grading_settings,
    plain,
)
from autograder.exam.examiner import examine
from autograder.exam.notebook import MISSING
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict
from autograder.release import check_source, generate
from convnets.checks import Check, report_line

PATIENCE = 30  # seconds that a gradebook in use elsewhere, by formgrader say, is waited for

# --- marks into the notebook -----------------------------------------------------------------------------------------


def feedback_text(exercise: ExerciseResult) -> str:
    """What a student reads about one exercise. Of a failed hidden check: its name, points, hints and likely cause."""
    lines = [f"{exercise.grade_id.removeprefix('test_')}: {exercise.earned:g} of {exercise.points:g} points"]
    lines += [exercise.note] if exercise.note else []
    lines += [check_text(check) for check in exercise.checks]
    return "\n".join(lines) + "\n"


def check_text(check: CheckResult, hints: int = sys.maxsize) -> str:
    """One check as the notebook shows it, with the first ``hints`` hints; what a hidden one expected is not told."""
    shown = replace(check, message=check.cause) if check.hidden else check
    return report_line(cast(Check, shown), hints)  # it has the fields that a report needs


def write_marks(notebook: NotebookNode, verdict: Verdict) -> NotebookNode:
    """Give each test cell the outputs from which nbgrader reads exactly our mark, and our report as its text."""
    marks = {exercise.grade_id: exercise for exercise in verdict.exercises}
    problems = "".join(f"{plain(problem, 1000)}\n" for problem in verdict.problems)  # said once, in front of the first
    notebook.metadata["autograder"] = {"problems": problems.splitlines()}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            if cell.source == MISSING:  # then there is nothing to grade by hand: nbgrader knows the stub
                cell.source = TEXT_STUB
            continue
        printed = verdict.outputs.get(cell.get("id", ""), "")
        cell.outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
        if is_grade(cell) and is_locked(cell):
            name = cell.metadata.nbgrader.grade_id
            exercise = marks.get(name) or ExerciseResult(name, cell.metadata.nbgrader.points, note="not examined")
            score = {"text/plain": repr(float(exercise.earned))}
            cell.outputs = [
                new_output("stream", name="stdout", text=problems + feedback_text(exercise)),
                new_output("execute_result", data=score, execution_count=None),
            ]
            problems = ""
    return notebook


def ask_for_a_look(verdict: Verdict, grades: Iterable[Grade]) -> None:
    """Have formgrader list a hand-in that a person should look at: its written answers, or all of it if it has none.

    A mark that a person gave stands for the look.
    """
    grades = list(grades)
    if verdict.look:
        for grade in [grade for grade in grades if is_written(grade)] or grades:
            if grade.manual_score is None:
                grade.needs_manual_grade = True


def is_written(grade: Grade) -> bool:
    return bool(grade.cell.cell_type == "markdown")


class Examine(NbGraderPreprocessor):
    """Stands in place of nbgrader's Execute: the hand-in is examined, its test cells get the examiner's outputs."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        student, assignment = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        place = CourseDirectory(config=self.config)
        course = find_course(Path(place.db_url.removeprefix("sqlite:///")).parent, Path(place.root))
        source = course.source(assignment)
        hand_in = read_hand_in(Path(place.format_path(place.submitted_directory, student, assignment)), source)
        verdict, clean = examine(source, hand_in.data, student=student, assignment=assignment)
        hand_in.tell(verdict)
        # the clean notebook is a new one: checksums, by which nbgrader knows an answer that nobody wrote, come in here
        clean, resources = OverwriteCells(parent=self)(clean, resources)
        return write_marks(clean, verdict), resources


# --- verdicts into the gradebook -------------------------------------------------------------------------------------


@contextmanager
def open_gradebook(course: Course, kind: type[Gradebook] = Gradebook) -> Iterator[Any]:
    """The course's gradebook, of nbgrader's kind or one made of it; created where there is none."""
    refuse_damaged(course)
    nbgrader.api.get_alembic_version = _schema_version
    try:
        course.folder.mkdir(parents=True, exist_ok=True)
        gradebook = kind(f"sqlite:///{course.gradebook}?timeout={PATIENCE}", "")
    except Exception as error:
        raise CourseError(f"{course.gradebook} cannot be opened: {first_line(error)}.") from None
    with gradebook:
        yield gradebook


def _schema_version() -> str:
    """What a new gradebook is stamped with. nbgrader asks a program for it, by its bare name, for 1.7 s."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(Path(nbgrader.api.__file__).parent / "alembic")).get_current_head() or ""


def refuse_damaged(course: Course) -> None:
    """Raise CourseError for a gradebook that is damaged, or empty although there are results beside it.

    nbgrader would make an empty file a new gradebook, and marks given by hand would be gone without a word.
    """
    path = course.gradebook
    cure = (
        "put a copy of it back, or move it away to have every hand-in graded anew (marks given by hand are lost then)"
    )
    try:
        if not path.stat().st_size:
            if any(course.results.glob("*/*.json")):
                raise CourseError(f"{path} is empty, although there are results in {course.results}: {cure}.")
            return
        # to be written as well: what a killed run left half done is taken back when it is opened so
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as database:
            found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        damage = "" if found == "ok" else found
    except FileNotFoundError:
        return
    except sqlite3.OperationalError as error:  # it is in use, or may not be opened
        raise CourseError(f"{path} cannot be opened: {first_line(error)}.") from None
    except sqlite3.DatabaseError as error:
        damage = str(error)
    except OSError as error:
        raise CourseError(f"{path} cannot be opened: {first_line(error)}.") from None
    if damage:
        raise CourseError(f"{path} is damaged ({plain(damage, 100)}): {cure}.")


def late_key(course: Course, assignment: str) -> str:
    """Of all that a late penalty rests on beside the time of the hand-in: due date, extensions, policy.

    The same key, the same penalty. It is part of the key under which a verdict is kept, so that a changed due date or
    policy has the hand-ins entered anew.
    """
    settings = grading_settings(course)
    plugin = AssignLatePenalties(config=settings).plugin_class
    names = ["AssignLatePenalties", *(kind.__name__ for kind in plugin.__mro__)]
    policy = [(name, sorted(settings[name].items())) for name in names if name in settings]
    with suppress(OSError, TypeError):  # a policy of the instructor's own: its text counts
        policy.append(("", [inspect.getsource(plugin)]))
    due: list[Any] = []
    with open_gradebook(course) as gradebook, suppress(MissingEntry):
        found = gradebook.find_assignment(assignment)
        extended = gradebook.db.query(SubmittedAssignment).filter(
            SubmittedAssignment.assignment_id == found.id, SubmittedAssignment.extension.isnot(None)
        )
        due = [found.duedate, sorted((each.student_id, each.extension) for each in extended)]
    return hashlib.sha256(repr([due, policy]).encode()).hexdigest()


def name_students(course: Course) -> None:
    """Give students without a name one made of their id: formgrader says "None, None" otherwise."""
    with open_gradebook(course) as gradebook:
        for student in gradebook.students:
            if student.first_name is None and student.last_name is None:
                parts = re.fullmatch(r"([^\W\d_]+)[._]([^\W\d_]+)", student.id)
                student.first_name, student.last_name = parts.groups() if parts else ("", student.id)
        gradebook.db.commit()


def register(course: Course, assignment: str) -> None:
    """Tell the gradebook about the assignment's cells and points, as ``nbgrader generate_assignment`` does.

    Nothing is done where the source and what the gradebook has of it are as they were when it was told last.
    """
    stamp = course.results / assignment / ".registered"
    told = stamp.read_text() if stamp.exists() and course.gradebook.exists() else ""
    if told and told == _registered(course, assignment):
        return
    check_source(course, assignment)
    with open_gradebook(course), tempfile.TemporaryDirectory() as scratch:
        generate(course, assignment, Path(scratch), database=True)
    put(stamp, _registered(course, assignment).encode())


def _registered(course: Course, assignment: str) -> str:
    """A digest of the source and of what the gradebook knows of it; empty if that is nothing."""
    try:
        with recording(course, assignment) as desk:
            rows = desk.rows
    except MissingEntry:
        return ""
    basis = [course.source_path(assignment).read_bytes(), CODE_STUB, TEXT_STUB, version("nbgrader"), rows]
    return hashlib.sha256(repr(basis).encode()).hexdigest()


def recorded_marks(course: Course, assignment: str) -> dict[str, float]:
    """Student -> sum of the marks given by tests, for everyone whose graded notebook and marks are in place."""
    with open_gradebook(course) as gradebook:
        marks = gradebook.db.execute(
            select(SubmittedAssignment.student_id, func.coalesce(func.sum(Grade.auto_score), 0.0))
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .where(Assignment.name == assignment)
            .group_by(SubmittedAssignment.student_id)
        ).all()
    notebook = Path(assignment, f"{assignment}.ipynb")
    return {student: round(mark, 6) for student, mark in marks if (course.autograded / student / notebook).is_file()}


@contextmanager
def recording(course: Course, assignment: str) -> Iterator[Desk]:
    """Where verdicts on one assignment are entered by ``record``. Raises MissingEntry before ``register``."""
    with open_gradebook(course, HeldGradebook) as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy's remarks on nbgrader's queries
        yield Desk(gradebook, course, assignment)


def record(desk: Desk, verdict: Verdict, clean: NotebookNode, timestamp: str = "", provisional: bool = False) -> None:
    """Enter one verdict into the gradebook by nbgrader's own autograde steps on the clean notebook: all or nothing.

    timestamp    when it was handed in, as nbgrader writes it; late penalties rest on it
    provisional  formgrader lists every cell of it as still to be graded
    Entering the same verdict again changes nothing; marks and comments given by hand are kept.
    """
    with desk.entering():
        sheet = desk.enter(verdict.student, clean, lambda notebook: write_marks(notebook, verdict), timestamp)
        if provisional:
            for grade in sheet.grades.values():
                grade.needs_manual_grade = True
        ask_for_a_look(verdict, sheet.grades.values())
        first = next((c.metadata.nbgrader.grade_id for c in clean.cells if is_solution(c)), None)
        if verdict.problems and first:
            text = "; ".join(verdict.problems)
            sheet.find_comment(first).auto_comment = text.encode("utf-8", "replace").decode()
