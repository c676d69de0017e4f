"""One session with nbgrader's gradebook for a whole batch: its own autograde steps, one transaction a hand-in.

nbgrader's converter connects anew in every step, looks each cell up with a six-fold join, commits after it, and scans
the course's folders for every student. Here the steps are nbgrader's still; what they would look up lies in memory, and
what they write is committed when the hand-in is complete. Rows and files are the same.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from autograder.course import Course, grading_settings

READ_ONLY = 0o444  # as nbgrader leaves autograded files
Mark = Callable[[NotebookNode], NotebookNode]


class _Held(Session):
    """A session in which nothing is committed before ``complete``; nbgrader calls ``commit`` after every row."""

    def commit(self) -> None:
        self.flush()

    def complete(self) -> None:
        super().commit()


class HeldGradebook(Gradebook):
    """nbgrader's gradebook, in which nothing is entered before ``complete``."""

    def __init__(self, db_url: str, course_id: str = ""):
        super().__init__(db_url, course_id)
        self.db.remove()
        self.db: scoped_session[_Held] = scoped_session(sessionmaker(bind=self.engine, class_=_Held, future=True))

    def complete(self) -> None:
        """Enter all that was changed, in one transaction, and forget it here: memory stays flat."""
        self.db().complete()
        self.db.expunge_all()

    def undo(self) -> None:
        self.db.rollback()
        self.db.expunge_all()


class Sheet:
    """One hand-in in the gradebook. nbgrader's steps take it for the Gradebook that they open by themselves.

    grades, comments  nbgrader's rows, by the grade_id of their cell
    """

    def __init__(self, book: HeldGradebook, desk: Desk, submission: SubmittedAssignment):
        self.db = book.db
        self.submission = submission
        self.notebook = book.db.scalars(
            select(SubmittedNotebook).where(
                SubmittedNotebook.notebook_id == desk.notebook_id, SubmittedNotebook.assignment_id == submission.id
            )
        ).one()
        self.grades, self.comments = (
            {
                desk.names[row.cell_id]: row
                for row in book.db.scalars(
                    select(kind).where(kind.notebook_id == self.notebook.id, kind.cell_id.in_(desk.names))
                )
            }
            for kind in (Grade, Comment)
        )
        self._book, self._desk = book, desk

    def __enter__(self) -> Sheet:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)

    def find_grade(self, cell: str, *place: str) -> Grade:
        return _found(self.grades, cell)

    def find_comment(self, cell: str, *place: str) -> Comment:
        return _found(self.comments, cell)

    def find_source_cell(self, cell: str, *place: str) -> SourceCell:
        return _found(self._desk.sources, cell)

    def find_graded_cell(self, cell: str, *place: str) -> GradeCell | TaskCell:
        return _found(self._desk.graded, cell)

    def find_notebook(self, *place: str) -> Any:
        return self._desk.notebook

    def find_submission(self, *place: str) -> SubmittedAssignment:
        return self.submission

    def find_submission_notebook(self, *place: str) -> SubmittedNotebook:
        return self.notebook


def _found(rows: dict[str, Any], cell: str) -> Any:
    try:
        return rows[cell]
    except KeyError:
        raise MissingEntry(f"the gradebook has no cell {cell}") from None


class Desk:
    """Where the hand-ins to one assignment are entered, one after another, by one thread.

    rows  what the gradebook knows of the assignment's cells, as plain data
    Raises MissingEntry where the gradebook does not know the assignment.
    """

    def __init__(self, book: HeldGradebook, course: Course, assignment: str):
        self.book, self.course, self.assignment = book, course, assignment
        self.notebook = book.find_notebook(assignment, assignment)
        self.notebook_id = self.notebook.id
        graded = [*self.notebook.grade_cells, *self.notebook.task_cells]
        self.sources = {cell.name: cell for cell in self.notebook.source_cells}
        self.graded = {cell.name: cell for cell in graded}
        self.names = {cell.id: cell.name for cell in [*graded, *self.notebook.solution_cells]}
        cells = [(c.name, c.cell_type, c.locked, c.checksum, c.source) for c in self.sources.values()]
        self.rows = [*sorted(cells), *sorted((c.name, c.cell_type, c.max_score) for c in graded)]
        self.files = list(_source_files(course, assignment))
        book.db.expunge_all()  # they stay as they are, and belong to no session
        self._before, self._after = _steps(course)

    @contextmanager
    def entering(self) -> Iterator[None]:
        """One transaction: what is done inside is entered when it is left well, and taken back otherwise."""
        try:
            yield
            self.book.complete()
        except BaseException:
            self.book.undo()
            raise

    def enter(self, student: str, notebook: NotebookNode, mark: Mark, timestamp: str = "") -> Sheet:
        """Take one hand-in through nbgrader's autograde: its steps before the notebook is run, ``mark``, those after.

        mark       gives the test cells the outputs from which nbgrader reads the scores
        timestamp  when it was handed in, as nbgrader writes it
        Writes ``autograded/<student>/<assignment>/``; the rows wait for the end of ``entering``.
        """
        details = {"timestamp": timestamp} if timestamp else {}
        self.book.update_or_create_student(student)
        sheet = Sheet(self.book, self, self.book.update_or_create_submission(self.assignment, student, **details))
        place = {"student": student, "assignment": self.assignment, "notebook": self.assignment, "db_url": ""}
        resources: dict[str, Any] = {"nbgrader": place}
        with _in_place_of_gradebooks(sheet, [*self._before, *self._after]):
            for step in self._before:
                notebook, resources = step(notebook, resources)
            notebook = mark(notebook)
            for step in self._after:
                notebook, resources = step(notebook, resources)
        self._write(student, notebook, timestamp)
        return sheet

    def _write(self, student: str, notebook: NotebookNode, timestamp: str) -> None:
        """The folder as nbgrader leaves it: the source's files, the time, the notebook (last), nothing else."""
        folder = self.course.autograded / student / self.assignment
        folder.mkdir(parents=True, exist_ok=True)
        for source, name in self.files:
            if not _same(source, folder / name):
                put(folder / name, source, READ_ONLY)
        if timestamp:
            put(folder / "timestamp.txt", timestamp.encode(), READ_ONLY)
        text = nbformat.writes(notebook, version=4)
        text = text if text.endswith("\n") else f"{text}\n"
        put(folder / f"{self.assignment}.ipynb", text.encode("utf-8", "replace"), READ_ONLY)
        wanted = {name for _, name in self.files} | {f"{self.assignment}.ipynb"}
        wanted |= {"timestamp.txt"} if timestamp else set()
        for path in folder.rglob("*"):
            if str(path.relative_to(folder)) not in wanted and (path.is_symlink() or not path.is_dir()):
                path.unlink()


def _steps(course: Course) -> tuple[list[Any], list[Any]]:
    """nbgrader's steps before and after the place where the notebook would be run, set up as the course says."""
    settings = grading_settings(course)
    ours = "autograder.classroom.gradebook.Examine"
    after = [_named(name) for name in settings.Autograde.autograde_preprocessors if name != ours]
    before, after = (
        [(_CheckOnce if kind is CheckCellMetadata else kind)(config=settings) for kind in kinds]
        for kinds in (Autograde.sanitize_preprocessors.default_args[0], after)
    )
    return before, after


def _named(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


class _CheckOnce(CheckCellMetadata):
    """nbgrader's check of its metadata; a set of metadata that it has passed is not checked again (8 ms)."""

    passed: set[str] = set()

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        roles = repr([(cell.cell_type, cell.metadata.nbgrader) for cell in nb.cells if "nbgrader" in cell.metadata])
        if roles not in self.passed:
            super().preprocess(nb, resources)
            self.passed = {*list(self.passed)[:20], roles}
        return nb, resources


@contextmanager
def _in_place_of_gradebooks(sheet: Sheet, steps: list[Any]) -> Iterator[None]:
    """The modules of nbgrader's steps find ``sheet`` where they would open a Gradebook by its address."""
    modules = [sys.modules[name] for name in {kind.__module__ for step in steps for kind in type(step).__mro__}]
    modules = [m for m in modules if m.__name__.startswith("nbgrader.") and vars(m).get("Gradebook") is Gradebook]
    for module in modules:
        module.Gradebook = lambda *address: sheet  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in modules:
            module.Gradebook = Gradebook  # type: ignore[attr-defined]


def _source_files(course: Course, assignment: str) -> Iterator[tuple[Path, str]]:
    """The files beside the source notebook, which nbgrader puts into every autograded folder."""
    folder = course.solutions / assignment
    ignored = CourseDirectory(config=grading_settings(course)).ignore + ["*.ipynb"]
    for name in utils.find_all_files(str(folder), ignored):
        yield Path(name), os.path.relpath(name, folder)


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and not other.is_symlink() and filecmp.cmp(one, other, shallow=False)


def put(path: Path, content: bytes | Path, mode: int | None = None) -> None:
    """Write a file (or copy one) whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name[:200]}.new")
    scratch.unlink(missing_ok=True)
    if isinstance(content, Path):
        shutil.copyfile(content, scratch)
    else:
        scratch.write_bytes(content)
    if mode is not None:
        scratch.chmod(mode)
    os.replace(scratch, path)
