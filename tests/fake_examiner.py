"""An examiner for the tests of what stands around it: it runs answers in this process, so only for code of our own."""

from __future__ import annotations

import contextlib
import copy
import io
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.exam.notebook import hidden_lines
from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict
from autograder.release import student_version
from convnets.checks import Exercise


def examine(
    source: NotebookNode, handin: bytes, *, student: str, assignment: str, **options: Any
) -> tuple[Verdict, NotebookNode]:
    """The contract of autograder.exam.examiner.examine, without the jail and with nothing hostile expected."""
    verdict = Verdict(assignment, student, environment={"walls": "none"})
    try:
        theirs = nbformat.reads(handin.decode(), as_version=4)
    except Exception:
        verdict.problems.append("The file is not a notebook.")
        theirs = student_version(source)
    answers = {c.metadata.nbgrader.grade_id: c.source for c in theirs.cells if c.metadata.get("nbgrader")}
    clean = copy.deepcopy(source)
    namespace: dict[str, Any] = {}
    for cell in clean.cells:
        role = cell.metadata.get("nbgrader", {})
        if role.get("solution"):
            cell.source = answers.get(role["grade_id"], "")
        if cell.cell_type == "code" and role.get("grade"):
            verdict.exercises.append(_run(cell, namespace))
        elif cell.cell_type == "code" and role:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(cell.source, namespace)
            verdict.outputs[cell.id] = printed.getvalue()
    return verdict, clean


def _run(cell: NotebookNode, namespace: dict[str, Any]) -> ExerciseResult:
    hidden = hidden_lines(cell.source)
    seen: list[Exercise] = []
    Exercise.on_score.append(seen.append)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(cell.source, namespace)
    finally:
        Exercise.on_score.pop()
    checks = [
        CheckResult(c.name, c.points, c.earned, c.passed, c.line in hidden, c.message, c.cause, list(c.hints))
        for c in seen[0].checks
    ]
    return ExerciseResult(cell.metadata.nbgrader.grade_id, cell.metadata.nbgrader.points, checks)


def hall(examine: Callable[..., tuple[Verdict, NotebookNode]] = examine) -> Callable[..., Hall]:
    """What makes a hall in which ``examine`` examines."""
    return partial(Hall, how=examine)


class Hall:
    """The contract of autograder.exam.hall.Hall; one examination at a time, since checks have hooks of their own."""

    def __init__(self, source: NotebookNode, *, how: Callable[..., Any] = examine, **options: Any):
        self.source, self.how = source, how
        self._one = threading.Lock()

    def examine(
        self, handin: bytes | None, *, student: str, assignment: str, **more: Any
    ) -> tuple[Verdict, NotebookNode]:
        with self._one:
            return self.how(self.source, handin, student=student, assignment=assignment)

    def __enter__(self) -> Hall:
        return self

    def __exit__(self, *error: object) -> None:
        pass
