"""A small course for the grader's own tests: one assignment with two exercises, a written question and a data file."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Course

NAME = "a0_toy"

DOUBLE = """def double(x):
    \"\"\"Twice x.\"\"\"
    ### BEGIN SOLUTION
    twice_as_much = x + x
    return twice_as_much
    ### END SOLUTION"""

SETUP = "from convnets.checks import Exercise, assert_close"

TEST_DOUBLE = """exercise = Exercise("double", points=4)
with exercise.check("two and two", points=1, hint="What is 2 + 2?"):
    assert_close(double(2), 4, "double(2)")
### BEGIN HIDDEN TESTS
with exercise.check("negative numbers", points=3, hint="Does it work below zero?"):
    assert_close(double(-7), -14, "double(-7)")
### END HIDDEN TESTS
exercise.score()"""

SQUARE = """def square(x):
    ### BEGIN SOLUTION
    return x * x * 1
    ### END SOLUTION"""

TEST_SQUARE = """exercise = Exercise("square", points=6)
with exercise.check("three", points=6):
    assert_close(square(3), 9, "square(3)")
exercise.score()"""


def role(grade_id: str, **more: object) -> dict[str, object]:
    flags = dict.fromkeys(["grade", "solution", "locked", "task"], False)
    return {"nbgrader": {"grade_id": grade_id, "schema_version": 3, **flags, **more}}


def solution(grade_id: str, code: str) -> NotebookNode:
    return new_code_cell(code, id=grade_id.replace("_", "-"), metadata=role(grade_id, solution=True))


def test(grade_id: str, points: float, code: str) -> NotebookNode:
    metadata = role(grade_id, grade=True, locked=True, points=points)
    return new_code_cell(code, id=grade_id.replace("_", "-"), metadata=metadata)


test.__test__ = False  # type: ignore[attr-defined]  # a cell, not a test of ours


def source() -> NotebookNode:
    """The source notebook: 10 points by tests, 3 by hand."""
    written = new_markdown_cell(
        "### BEGIN SOLUTION\nBecause both sums are the same number.\n### END SOLUTION",
        id="why",
        metadata=role("why", grade=True, solution=True, points=3),
    )
    cells = [
        new_markdown_cell("# Toy\n\nWrite two functions.", id="title"),
        new_code_cell(SETUP, id="setup", metadata=role("setup", locked=True)),
        solution("double", DOUBLE),
        test("test_double", 4, TEST_DOUBLE),
        solution("square", SQUARE),
        test("test_square", 6, TEST_SQUARE),
        new_markdown_cell("Why is double(2) equal to square(2)?", id="question"),
        written,
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def make_course(root: Path, notebook: NotebookNode | None = None) -> Course:
    """A repository in ``root`` whose course folder is ``root/course``."""
    folder = root / "solutions" / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook or source(), folder / f"{NAME}.ipynb")
    (folder / "numbers.txt").write_text("1 2 3\n")
    (root / "course").mkdir()
    return Course(root, root / "course")


def hand_in(course: Course, student: str, data: bytes, name: str = f"{NAME}.ipynb") -> Path:
    folder = course.submitted / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name
