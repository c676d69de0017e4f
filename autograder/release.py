"""From the source notebook to what students get: checked, stripped by nbgrader, searched for leaks, then swapped in.

The release carries a fingerprint of its cells in the notebook's metadata, so that work done in ``assignments/`` is
noticed and never overwritten. The same source gives the same bytes every time.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearOutput, ClearSolutions, SaveCells

from autograder.course import CODE_STUB, TEXT_STUB, Course, CourseError, cannot_write, first_line, nbgrader_settings

SHORTEST = 8  # characters: shorter lines, such as "else:", say nothing about a solution
TELLING = 24  # characters: a line this long is searched for inside other lines too


def release(course: Course, assignment: str, force: bool = False) -> str:
    """Generate ``assignments/<assignment>/`` anew and say what was done in one sentence.

    force  also where a person has worked in the released notebook; their version is kept beside under a dated name
    Raises CourseError, the old release untouched, for a faulty source, a leak, an edited release, or no permission.
    """
    target = course.release_path(assignment)
    with _generated(course, assignment) as (new, files):
        if _same(new, target.parent, files):
            return f"{_shown(course, target)} is fresh: nothing to do."
        brought, backup = _protect(course, target, force)
        try:
            for name in sorted(
                files, key=lambda name: name == target.name
            ):  # the notebook last: it vouches for the rest
                place = target.parent / name
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(new / name, place)
            for name in brought - files:
                (target.parent / name).unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(error) from None
    note = f" The version that was there is kept as {_shown(course, backup)}." if backup else ""
    return f"{_shown(course, target)} released.{note}"


def check_fresh(course: Course, assignment: str) -> list[str]:
    """What differs between the committed release and one generated now, one sentence each; nothing is written."""
    target = course.release_path(assignment)
    with _generated(course, assignment, beside=False) as (new, files):
        return [
            f"{_shown(course, target.parent / name)} is {'stale' if (target.parent / name).exists() else 'missing'}: "
            f"run `autograder release {assignment}`."
            for name in sorted(files)
            if not _same(new, target.parent, {name})
        ]


# --- is the source in order? -----------------------------------------------------------------------------------------


def check_source(course: Course, assignment: str) -> NotebookNode:
    """The source notebook, after looking for everything that would make a bad release. Raises CourseError."""
    source = course.source(assignment)
    if faults := list(_faults(source)):
        raise CourseError(f"{_shown(course, course.source_path(assignment))}: {'; '.join(faults)}")
    return source


def _faults(source: NotebookNode) -> Iterator[str]:
    seen: set[str] = set()
    solutions: set[str] = set()
    for number, cell in enumerate(source.cells, 1):
        role = cell.metadata.get("nbgrader", {})
        name = role.get("grade_id", "")
        where = f"cell {number} ({name})" if name else f"cell {number}"
        graded, solution = role.get("grade", False), role.get("solution", False)
        if not cell.get("id"):
            yield f"{where} has no id: save the notebook in JupyterLab once"
        if role and not name:
            yield f"{where} has nbgrader metadata without a grade_id: give it one"
        if name and name in seen:
            yield f"{where}: another cell has the same grade_id; rename one"
        seen.add(name)
        try:
            solved, _ = split_regions(cell.source, "SOLUTION")
            hidden, _ = split_regions(cell.source, "HIDDEN TESTS")
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        if solution and not solved and cell.cell_type == "code":  # a written answer is replaced as a whole
            yield f"{where} is a solution cell without a region from ### BEGIN SOLUTION to ### END SOLUTION"
        if solved and not solution:
            yield f"{where} holds a solution but is not marked as a solution cell"
        if hidden and (solution or not graded):
            yield f"{where} holds hidden tests but is not marked as a test cell"
        if graded and not (isinstance(role.get("points"), int | float) and role["points"] > 0):
            yield f"{where} is graded but has no points"
        if solution and not graded:
            solutions.add(name)
        if role.get("locked") and not graded and cell.cell_type == "code":
            yield from (f"{where} {fault}" for fault in _locked_cell_faults(cell))
        if graded and not solution and cell.cell_type == "code":
            yield from (f"{where} {fault}" for fault in _test_cell_faults(cell, name, solutions))


def _locked_cell_faults(cell: NotebookNode) -> Iterator[str]:
    """The examiner runs this cell as plain Python, on its own side too."""
    magic = next((line for line in cell.source.splitlines() if line.lstrip().startswith(("%", "!", "?"))), None)
    if magic is not None:
        yield f"holds {magic.strip()!r}: the examiner runs locked cells too and knows no magics; move it elsewhere"
        return
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        yield f"is not Python ({error.msg}, line {error.lineno})"


def _test_cell_faults(cell: NotebookNode, name: str, solutions: set[str]) -> Iterator[str]:
    if name.removeprefix("test_") not in solutions:
        yield "has no solution cell before it: test_<exercise> follows the cell <exercise>"
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        yield f"is not Python ({error.msg}, line {error.lineno})"
        return
    last = tree.body[-1] if tree.body else None
    if not (isinstance(last, ast.Expr) and ast.unparse(last).endswith(".score()")):
        yield "must end in exercise.score(), or stock nbgrader gives full marks"
    for call in ast.walk(tree):
        if isinstance(call, ast.FunctionDef) and any("in_room" in ast.unparse(mark) for mark in call.decorator_list):
            yield f"marks {call.name} with @in_room: the room may not see tests, so define it in a locked cell"
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Exercise"):
            said = [k.value for k in call.keywords if k.arg == "points"] + call.args[1:2]
            points = cell.metadata["nbgrader"].get("points")
            if said and isinstance(said[0], ast.Constant) and said[0].value != points:
                yield f"says {said[0].value!r} points, its metadata {points!r}"


def split_regions(text: str, kind: str) -> tuple[list[str], list[str]]:
    """Lines between ``### BEGIN <kind>`` and ``### END <kind>``, and the lines around them. ValueError if unpaired."""
    inside: list[str] = []
    outside: list[str] = []
    within = False
    for line in text.split("\n"):
        if marker := re.search(rf"\b(BEGIN|END) {kind}\b", line):
            if within == (marker[1] == "BEGIN"):
                raise ValueError(f"### {marker[1]} {kind} stands where it cannot: regions open and close in turn")
            within = not within
        elif re.search(rf"#\s*(BEGIN|END) {kind.split()[0]}", line, re.I):
            raise ValueError(f"{line.strip()!r} is no marker; write ### BEGIN {kind} or ### END {kind}")
        else:
            (inside if within else outside).append(line)
    if within:
        raise ValueError(f"### END {kind} is missing")
    return inside, outside


# --- does the release give anything away? ----------------------------------------------------------------------------


def leaks(source: NotebookNode, folder: Path) -> list[str]:
    """Lines of solutions and hidden tests found in a release folder, one sentence each.

    A line that students may see anyway, in a cell given to them as code (signatures, visible tests), is no leak.
    """
    secret: dict[str, str] = {}
    given: set[str] = set()
    for cell in source.cells:
        role = cell.metadata.get("nbgrader", {})
        solved, visible = split_regions(cell.source, "SOLUTION")
        hidden, visible = split_regions("\n".join(visible), "HIDDEN TESTS")
        if role.get("solution") and cell.cell_type == "markdown" and not solved:
            solved, visible = visible, []
        secret |= {line: role["grade_id"] for line in map(_bare, solved + hidden) if len(line) >= SHORTEST}
        if cell.cell_type == "code" and role:
            given |= set(map(_bare, visible))
    shown = "\n".join(given)
    secret = {line: where for line, where in secret.items() if line not in shown}
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = _text(path)
        lines = set(map(_bare, re.split(r"[\n`]", text)))  # `code` in prose counts as a line
        found += [
            f"{path.relative_to(folder)} gives away a line of {where}: {line!r}"
            for line, where in secret.items()
            if line in lines or (len(line) >= TELLING and line in text)
        ]
        if marker := re.search(r"(BEGIN|END) (SOLUTION|HIDDEN)", text):
            found.append(f"{path.relative_to(folder)} still holds the marker {marker[0]}")
    return found


def _bare(line: str) -> str:
    return line.strip().strip("`*-# ").strip()


def _text(path: Path) -> str:
    """All text of a file; of a notebook that of every string in it, so that metadata and outputs are searched too."""
    text = path.read_bytes().decode("utf-8", "replace")
    if path.suffix != ".ipynb":
        return text

    def strings(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield key
                yield from strings(item)
        elif isinstance(value, list):
            if value and all(isinstance(item, str) for item in value):
                yield "".join(value)  # the lines of a cell
            else:
                for item in value:
                    yield from strings(item)

    return "\n".join(strings(json.loads(text)))


# --- generating ------------------------------------------------------------------------------------------------------


@contextmanager
def _generated(course: Course, assignment: str, beside: bool = True) -> Iterator[tuple[Path, set[str]]]:
    """A folder with the new release, checked, and the names of its files; gone afterwards.

    It lies beside the old release (the same disk: moving in is atomic), or where nothing is to be written, elsewhere.
    """
    source = check_source(course, assignment)
    try:
        if beside:
            course.assignments.mkdir(exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{assignment}.", dir=course.assignments if beside else None))
    except OSError as error:
        raise cannot_write(error) from None
    try:
        generate(course, assignment, scratch)
        new = scratch / assignment
        files = {str(path.relative_to(new)) for path in new.rglob("*") if path.is_file()}
        _stamp(new / f"{assignment}.ipynb", files)
        if found := leaks(source, new):
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise CourseError(
                f"not released: {found[0]}{more}. Move it into the solution or hidden region, or reword it."
            )
        yield new, files
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def generate(course: Course, assignment: str, into: Path, database: bool = False) -> None:
    """nbgrader's own generate_assignment, into its own folder; with ``database`` the gradebook learns the cells."""
    settings = nbgrader_settings(course)
    settings.CourseDirectory.release_directory = str(into)
    settings.CourseDirectory.assignment_id = assignment
    settings.CourseDirectory.notebook_id = "*" if database else assignment
    steps = [step for step in GenerateAssignment.preprocessors.default_args[0] if database or step is not SaveCells]
    converter = GenerateAssignment(
        coursedir=CourseDirectory(config=settings), config=settings, no_database=not database, preprocessors=steps
    )
    with quiet_log(converter) as said:
        try:
            converter.start()
        except NbGraderException as error:
            cause = failure(said, error)
            cure = (
                "remove them from the gradebook or undo the change" if "submissions associated" in cause else "mend it"
            )
            raise CourseError(f"nbgrader cannot generate {assignment} ({cause}): {cure}.") from None


@contextmanager
def quiet_log(converter: BaseConverter) -> Iterator[list[str]]:
    """Keep what an nbgrader converter logs off the screen and in a list, for the one sentence that matters."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    converter.log = converter.coursedir.log = logging.Logger("nbgrader")
    converter.log.addHandler(handler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy's remarks on nbgrader's queries
        yield said


def failure(said: list[str], error: NbGraderException) -> str:
    """The one line of an nbgrader log that names the cause."""
    return next(
        (line.strip() for line in reversed("\n".join(said).splitlines()) if "Error: " in line), first_line(error)
    )


def student_version(source: NotebookNode) -> NotebookNode:
    """The source with every solution replaced by its stub; tests, hidden ones too, are left in."""
    notebook = copy.deepcopy(source)
    for step in (ClearOutput(), ClearSolutions(code_stub={"python": CODE_STUB}, text_stub=TEXT_STUB)):
        notebook, _ = step.preprocess(notebook, {})
    return notebook


def _stamp(path: Path, files: set[str]) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["release"] = {"cells": fingerprint(notebook), "files": sorted(files)}
    nbformat.write(notebook, path)


def fingerprint(notebook: NotebookNode) -> str:
    """A hash of what a person writes, the cells' sources: running and saving a notebook does not change it."""
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


# --- what is there already -------------------------------------------------------------------------------------------


def _protect(course: Course, target: Path, force: bool) -> tuple[set[str], Path | None]:
    """Refuse to overwrite a person's work, or with ``force`` keep it beside the release.

    Returns the names of the files that the old release brought, and where the person's notebook is kept, if any.
    """
    if not target.exists():
        return set(), None
    try:
        notebook = nbformat.read(target, as_version=4)
        stamp = notebook.metadata.get("release", {})
        edited = stamp.get("cells") != fingerprint(notebook)
    except Exception:  # not even a notebook: then it is a person's, whatever it is
        stamp, edited = {}, True
    if not edited:
        return set(stamp.get("files", [])), None
    if not force:
        raise CourseError(
            f"{_shown(course, target)} has been worked in: move it away, or use --force, which keeps it beside."
        )
    when = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    backup = target.parent.with_name(f"{target.stem}.saved-{when}.ipynb")
    try:
        shutil.copy2(target, backup)
    except OSError as error:
        raise cannot_write(error) from None
    return set(stamp.get("files", [])), backup


def _same(new: Path, old: Path, files: set[str]) -> bool:
    return all((old / name).is_file() and (old / name).read_bytes() == (new / name).read_bytes() for name in files)


def _shown(course: Course, path: Path) -> str:
    return str(path.relative_to(course.root)) if path.is_relative_to(course.root) else str(path)
