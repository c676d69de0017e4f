"""A small class that never was: good, weak and hostile hand-ins, to see a grader at work and to test it on.

What somebody wrote stands in ``answers/<assignment>/class/<student>.py`` (an answers file) or is one of the right
answers; what they did to the notebook besides is a function here. Nobody in it is a real person.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.classroom.batch import save
from autograder.course import Course, CourseError, cannot_write
from autograder.proof.answers import Answer, hand_in, read_answers

ANSWERS = Path(__file__).resolve().parent.parent / "answers"


@dataclass(frozen=True)
class Person:
    """One hand-in: what it is, and the range its mark (by tests) has to lie in."""

    student: str
    about: str
    expected: tuple[float, float]
    right: str = ""  # written as this file of right/ has it
    only: tuple[str, ...] = ()  # of those, only these exercises; all if empty
    blank: bool = False  # exercises without an answer are as handed out; otherwise as in the reference
    spoil: Callable[[NotebookNode], bytes | NotebookNode | None] | None = None  # what else was done; None: no file


def copies_cells(notebook: NotebookNode) -> NotebookNode:
    """A solution and its test pasted a second time further down, the test with a better ending."""
    for name in ("conv2d_forward", "test_conv2d_forward"):
        twin = copy.deepcopy(_cell(notebook, name))
        twin.id = f"{twin.id}-copy"[:64]
        if name.startswith("test_"):
            twin.source = "14.0"
        notebook.cells.append(twin)
    return notebook


def forgets_a_bracket(notebook: NotebookNode) -> NotebookNode:
    """The cell of the convolution is no Python: SyntaxError."""
    cell = _cell(notebook, "conv2d_forward")
    cell.source = cell.source.replace(")", "", 1)
    return notebook


def deletes_tests(notebook: NotebookNode) -> NotebookNode:
    """The tests of both pooling exercises are gone."""
    for name in ("test_max_pool2d", "test_avg_pool2d"):
        notebook.cells.remove(_cell(notebook, name))
    return notebook


def tags_cells_to_be_skipped(notebook: NotebookNode) -> NotebookNode:
    """Every test is tagged skip-execution, carries a full mark as its output, and an unknown schema version."""
    for cell in notebook.cells:
        role = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and role.get("grade"):
            cell.metadata["tags"] = ["skip-execution"]
            role["schema_version"] = 99
            mark: dict[str, Any] = {"text/plain": str(role["points"])}
            cell.outputs = [nbformat.v4.new_output("execute_result", data=mark, execution_count=1)]
    return notebook


def writes_markup(notebook: NotebookNode) -> NotebookNode:
    """Answers that would run in the browser of whoever grades them."""
    evil = "<script>document.title='owned'</script> <img src=x onerror=alert(2)> [me](javascript:alert(1))"
    for cell in notebook.cells:
        role = cell.metadata.get("nbgrader", {})
        if role.get("grade") and role.get("solution"):
            cell.source = f"The largest logit. {evil}"
    notebook.cells.insert(1, nbformat.v4.new_raw_cell(evil, id="raw"))
    return notebook


def is_cut_off(notebook: NotebookNode) -> bytes:
    """The upload broke off half-way: not JSON."""
    whole = nbformat.writes(notebook).encode()
    return whole[: len(whole) // 2]


def is_missing(notebook: NotebookNode) -> None:
    """An empty folder."""


A2 = [
    Person("amara_okafor", "im2col and matrix products throughout", (94, 94), right="im2col"),
    Person("bruno_silva", "plain loops, slow and right", (94, 94), right="loops"),
    Person("chen_wei", "einsum over sliding windows", (94, 94), right="einsum"),
    Person("dana_levi", "right where it is easy: overflow, lost ties, stride 1 only on the way back", (50, 84)),
    Person(
        "elif_kaya",
        "the first three exercises, then out of time",
        (32, 32),
        right="loops",
        only=("affine", "relu_family", "cross_entropy"),
        blank=True,
    ),
    Person("farid_haddad", "handed in as handed out", (0, 0), blank=True),
    Person("greta_lund", "one cell does not run: a bracket is missing", (50, 80), spoil=forgets_a_bracket),
    Person("hugo_martin", "ends the process in one backward pass", (60, 78)),
    Person("ines_duarte", "average pooling loops for ever", (80, 90)),
    Person("jonas_weber", "average pooling prints without end", (80, 90)),
    Person("kemi_adeyemi", "two honest exercises; the rest looks for answers on the disk", (20, 20), blank=True),
    Person(
        "liam_murphy",
        "one honest exercise; replaces np.testing and the assert helpers, and equals everything",
        (10, 10),
        blank=True,
        spoil=writes_markup,
    ),
    Person(
        "mei_tanaka",
        "one honest exercise; every test tagged to be skipped, with a full mark as its output",
        (10, 10),
        right="im2col",
        only=("affine",),
        blank=True,
        spoil=tags_cells_to_be_skipped,
    ),
    Person("nadia_rahman", "all right, but an answer and its test are there twice", (94, 94), spoil=copies_cells),
    Person("oskar_nowak", "pooling is wrong and its tests are deleted", (60, 76), spoil=deletes_tests),
    Person("priya_nair", "the upload broke off: not JSON", (0, 0), spoil=is_cut_off),
    Person("quentin_roux", "no file at all", (0, 0), blank=True, spoil=is_missing),
]

CLASSES = {"a2_layers": A2}


def people(assignment: str) -> list[Person]:
    """The sample class of an assignment. Raises CourseError if it has none."""
    if assignment not in CLASSES:
        raise CourseError(f"there is no sample class for {assignment!r}; there is one for {', '.join(CLASSES)}.")
    return CLASSES[assignment]


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
    if person.spoil is None:
        return data
    spoilt = person.spoil(nbformat.reads(data.decode(), as_version=4))
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
                save(place / f"{assignment}.ipynb", data)
    except OSError as error:
        raise cannot_write(error) from None
    return members


def _cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
