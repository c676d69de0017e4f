"""nbgrader's side: verdicts into its gradebook through its own pipeline, and pages that are safe to read.

``Examine`` stands in ``nbgrader autograde`` where the notebook would be run, tests and all, in the student's kernel.
``record`` takes a verdict that is there already through the same steps.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import bleach
import nbgrader.api
from bleach.sanitizer import ALLOWED_TAGS
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Assignment, Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor, OverwriteCells
from nbgrader.utils import is_grade, is_locked, is_solution
from sqlalchemy import func, select

from autograder.classroom.handins import read_hand_in
from autograder.classroom.recording import Desk, HeldGradebook, put
from autograder.course import CODE_STUB, TEXT_STUB, Course, CourseError, find_course, first_line
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
            problems = "".join(f"{problem}\n" for problem in verdict.problems)
            score = {"text/plain": repr(float(exercise.earned))}
            cell.outputs = [
                new_output("stream", name="stdout", text=problems + feedback_text(exercise)),
                new_output("execute_result", data=score, execution_count=None),
            ]
    return notebook


class Examine(NbGraderPreprocessor):
    """Stands in place of nbgrader's Execute: the hand-in is examined, its test cells get the examiner's outputs."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        student, assignment = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        place = CourseDirectory(config=self.config)
        course = find_course(Path(place.db_url.removeprefix("sqlite:///")).parent, Path(place.root))
        hand_in = read_hand_in(Path(place.format_path(place.submitted_directory, student, assignment)))
        verdict, clean = examine(course.source(assignment), hand_in.data, student=student, assignment=assignment)
        verdict.problems[:0] = hand_in.problems
        # the clean notebook is a new one: checksums, by which nbgrader knows an answer that nobody wrote, come in here
        clean, resources = OverwriteCells(parent=self)(clean, resources)
        return write_marks(clean, verdict), resources


# --- verdicts into the gradebook -------------------------------------------------------------------------------------


@contextmanager
def open_gradebook(course: Course, kind: type[Gradebook] = Gradebook) -> Iterator[Any]:
    """The course's gradebook, of nbgrader's kind or one made of it; created where there is none."""
    nbgrader.api.get_alembic_version = _schema_version
    try:
        course.folder.mkdir(parents=True, exist_ok=True)
        gradebook = kind(f"sqlite:///{course.gradebook}?timeout={PATIENCE}", "")
    except Exception as error:
        raise CourseError(
            f"{course.gradebook} cannot be opened ({first_line(error)}): is the folder writable?"
        ) from None
    with gradebook:
        yield gradebook


def _schema_version() -> str:
    """What a new gradebook is stamped with. nbgrader asks a program for it, by its bare name, for 1.7 s."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(Path(nbgrader.api.__file__).parent / "alembic")).get_current_head() or ""


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
        first = next((c.metadata.nbgrader.grade_id for c in clean.cells if is_solution(c)), None)
        if verdict.problems and first:
            text = "; ".join(verdict.problems)
            sheet.find_comment(first).auto_comment = text.encode("utf-8", "replace").decode()


# --- pages that people read ------------------------------------------------------------------------------------------


class DropHiddenTests(ClearHiddenTests):
    """ClearHiddenTests for feedback: only in the course's own test cells, whatever a student's cell contains."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        if is_grade(cell) and is_locked(cell):
            self._remove_hidden_test_region(cell)
        return cell, resources


_TAGS = ALLOWED_TAGS | {
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "div",
    "span",
    "pre",
    "br",
    "hr",
    "img",
    "del",
    "sub",
    "sup",
}
_TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "details", "summary", "dl", "dt", "dd"}


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return bool(
            re.match(r"data:image/(png|jpeg|gif|webp);base64,|https?://|\w[\w-]*\.(png|jpe?g|gif|webp|svg)$", value)
        )
    if tag == "a" and name == "href":
        return bool(re.match(r"https?://|mailto:|#|[\w./-]+(#|$)", value))
    return name in {"class", "title", "alt", "align", "open", "start", "colspan", "rowspan", "width", "height"}


@cache
def _renderer() -> HTMLExporter:
    return HTMLExporter()


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """nbconvert's markdown2html, with everything taken out that could run in the browser of whoever reads the page."""
    html = _renderer().markdown2html(context, source)
    return bleach.clean(html, tags=_TAGS, attributes=_allowed, protocols={"http", "https", "mailto", "data"})
