"""A small class that never was: good, weak and hostile hand-ins, to see a grader at work and to test it on.

``answers/<assignment>/class/roster.toml`` names its members. What somebody wrote stands beside it, in
``<student>.py`` (an answers file), or is one of the right answers; what they did to the notebook besides is one of
the functions here. Nobody in it is a real person::

    [[person]]
    student = "elif_kaya"
    about = "the first two exercises, then out of time"
    expected = [16, 18]             # the mark by tests lies in this range, ends included
    right = "loops"                 # written as right/loops.py has it …
    only = ["affine", "conv2d"]     # … but no more than these exercises; all where it is left out
    blank = true                    # what is not answered is as handed out; else as in the reference
    spoil = "deletes_tests"         # what else was done …
    cells = ["test_affine"]         # … to which cells (grade_id)
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course import Course, CourseError, cannot_write
from autograder.exam.notebook import grade_id, role
from autograder.proof.answers import Answer, hand_in, read_answers

ANSWERS = Path(__file__).resolve().parent.parent / "answers"


@dataclass(frozen=True)
class Person:
    """One hand-in, as the roster has it (keys: see above)."""

    student: str
    about: str
    expected: tuple[float, float]
    right: str = ""
    only: tuple[str, ...] = ()
    blank: bool = False
    spoil: str = ""
    cells: tuple[str, ...] = ()

    @property
    def whole_right_answer(self) -> bool:
        """Whether this is one of the right answers and nothing else."""
        return bool(self.right) and not (self.only or self.blank or self.spoil)


# --- what else they did: a notebook in, what is handed in out (bytes: no notebook any more; None: no file) ------------


def copies_cells(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """Cells are there a second time further down, tests among them as nothing but a full mark."""
    for cell in cells:
        twin = copy.deepcopy(cell)
        twin.id = f"{twin.id}-copy"[:64]
        if role(cell) == "test":
            twin.source = str(float(cell.metadata.nbgrader.points))
        notebook.cells.append(twin)
    return notebook


def forgets_a_bracket(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """A cell is no Python: SyntaxError."""
    for cell in cells:
        cell.source = cell.source.replace(")", "", 1)
    return notebook


def deletes_tests(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """Tests are gone."""
    for cell in cells:
        notebook.cells.remove(cell)
    return notebook


def tags_cells_to_be_skipped(notebook: NotebookNode, _: list[NotebookNode]) -> NotebookNode:
    """Every test is tagged skip-execution, carries a full mark as its output, and an unknown schema version."""
    for cell in notebook.cells:
        if role(cell) == "test":
            cell.metadata["tags"] = ["skip-execution"]
            cell.metadata.nbgrader["schema_version"] = 99
            mark: dict[str, Any] = {"text/plain": str(cell.metadata.nbgrader["points"])}
            cell.outputs = [nbformat.v4.new_output("execute_result", data=mark, execution_count=1)]
    return notebook


def writes_markup(notebook: NotebookNode, _: list[NotebookNode]) -> NotebookNode:
    """Answers that would run in the browser of whoever grades them."""
    evil = "<script>document.title='owned'</script> <img src=x onerror=alert(2)> [me](javascript:alert(1))"
    for cell in notebook.cells:
        if role(cell) == "written":
            cell.source = f"The largest logit. {evil}"
    notebook.cells.insert(1, nbformat.v4.new_raw_cell(evil, id="raw"))
    return notebook


def is_cut_off(notebook: NotebookNode, _: list[NotebookNode]) -> bytes:
    """The upload broke off half-way: not JSON."""
    whole = nbformat.writes(notebook).encode()
    return whole[: len(whole) // 2]


def is_missing(notebook: NotebookNode, _: list[NotebookNode]) -> None:
    """An empty folder."""


SPOILS: dict[str, Callable[[NotebookNode, list[NotebookNode]], NotebookNode | bytes | None]] = {
    function.__name__: function
    for function in (
        copies_cells,
        forgets_a_bracket,
        deletes_tests,
        tags_cells_to_be_skipped,
        writes_markup,
        is_cut_off,
        is_missing,
    )
}


# --- the class -------------------------------------------------------------------------------------------------------


def classes(answers: Path = ANSWERS) -> list[str]:
    """The assignments that have a sample class."""
    return sorted(path.parents[1].name for path in answers.glob("*/class/roster.toml"))


def people(assignment: str, answers: Path = ANSWERS) -> list[Person]:
    """The sample class of an assignment. Raises CourseError if it has none, or where its roster is not in order."""
    path = answers / assignment / "class" / "roster.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("person", [])
    except FileNotFoundError:
        there = ", ".join(classes(answers)) or "none yet"
        raise CourseError(f"there is no sample class for {assignment!r}; there is one for {there}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{path} can not be read ({error}); a roster is TOML in UTF-8.") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CourseError(f"{path}: person is {entries!r}; each member starts with a line [[person]].")
    members = [_person(entry, f"{path}, person {i}") for i, entry in enumerate(entries, 1)]
    names = [person.student for person in members]
    if twice := {name for name in names if names.count(name) > 1}:
        raise CourseError(f"{path}: {min(twice)} is there twice; each person needs a name of their own.")
    for person in members:
        if person.right and not (right := path.parents[1] / "right" / f"{person.right}.py").is_file():
            raise CourseError(f"{path}: {person.student} writes as {right} has it, which does not exist.")
    for own in path.parent.glob("*.py"):
        if own.stem not in names:
            raise CourseError(f"{path}: nobody is called {own.stem}, but there is {own.name}; name them in the roster.")
    return members


def _person(entry: Any, where: str) -> Person:
    """One entry of a roster, checked."""
    where = f"{where} ({entry.get('student', 'no student')})"
    kinds = {"student": str, "about": str, "expected": list, "right": str, "only": list, "blank": bool, "spoil": str}
    kinds["cells"] = list
    for key, value in entry.items():
        if key not in kinds:
            raise CourseError(f"{where}: unknown key {key!r}; there are {', '.join(f.name for f in fields(Person))}.")
        if type(value) is not kinds[key]:
            raise CourseError(f"{where}: {key} is {value!r}; a {kinds[key].__name__} is needed.")
    if missing := {"student", "about", "expected"} - entry.keys():
        raise CourseError(f"{where}: {min(missing)} is missing; each person needs student, about and expected.")
    if not re.fullmatch(r"\w+", entry["student"]):
        raise CourseError(f"{where}: a student is one word of letters, digits and _.")
    low, high, *more = [*entry["expected"], None, None][: max(2, len(entry["expected"]))]
    if more or not all(isinstance(mark, int | float) for mark in (low, high)) or not 0 <= low <= high:
        raise CourseError(f"{where}: expected is {entry['expected']}; two marks [low, high] are needed.")
    if (spoil := entry.get("spoil", "")) and spoil not in SPOILS:
        raise CourseError(f"{where}: nothing is called {spoil!r}; spoil is one of {', '.join(SPOILS)}.")
    said: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Person(**said)


def notebook_of(person: Person, source: NotebookNode, assignment: str) -> bytes | None:
    """What a person of the class hands in; None for no file."""
    answers: list[Answer] = []
    if person.right:
        answers = read_answers(ANSWERS / assignment / "right" / f"{person.right}.py")
        answers = [answer for answer in answers if not person.only or answer.exercise in person.only]
    own = ANSWERS / assignment / "class" / f"{person.student}.py"
    if own.exists():
        answers += read_answers(own)
    data = hand_in(source, answers, blank=person.blank)
    if not person.spoil:
        return data
    notebook = nbformat.reads(data.decode(), as_version=4)
    by_name = {grade_id(cell): cell for cell in notebook.cells if role(cell)}
    if unknown := set(person.cells) - by_name.keys():
        raise CourseError(f"the roster of {assignment}: {person.student} has no cell {min(unknown)} in the notebook.")
    spoilt = SPOILS[person.spoil](notebook, [by_name[name] for name in person.cells])
    return nbformat.writes(spoilt).encode() if isinstance(spoilt, NotebookNode) else spoilt


def build(course: Course, assignment: str, folder: Path) -> list[Person]:
    """Write the hand-ins of a sample class into the course folder ``folder``; the same bytes every time.

    Raises CourseError if other people's hand-ins lie there.
    """
    members = people(assignment)
    submitted = folder / "submitted"
    try:
        others = {path.name for path in submitted.iterdir()} if submitted.exists() else set()
        if strangers := others - {person.student for person in members}:
            raise CourseError(f"{submitted} holds other hand-ins ({min(strangers)}, …): choose another folder.")
        for person in members:
            place = submitted / person.student / assignment
            place.mkdir(parents=True, exist_ok=True)
            data = notebook_of(person, course.source(assignment), assignment)
            if data is not None:
                (place / f"{assignment}.ipynb").write_bytes(data)
    except OSError as error:
        raise cannot_write(error) from None
    return members
