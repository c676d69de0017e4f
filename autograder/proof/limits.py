"""Time limits held against measurement: what is right and slow must fit, on a slower machine too.

A check's limit is read off its test cell, where it has to stand as a number: ``exercise.check("name", …, seconds=20)``.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Mapping

from nbformat import NotebookNode

from autograder.exam import notebook
from autograder.exam.verdict import Verdict
from autograder.exam.walls import Settings
from autograder.proof.trivial import python
from convnets.checks import Exercise

ROOM = 5.0  # a limit is at least so many times what the slowest right answer takes
FLOOR = 5.0  # and never under so many seconds
_DEFAULT = float(inspect.signature(Exercise.check).parameters["seconds"].default)

Limits = dict[tuple[str, str], float]  # (exercise, check) -> CPU seconds


def limits(source: NotebookNode, verdict: Verdict) -> tuple[Limits, list[str]]:
    """The limit of every check that ``verdict`` names, and sentences about those that can not be read."""
    cells = {notebook.grade_id(cell): _written(cell.source) for cell in source.cells if notebook.role(cell) == "test"}
    found: Limits = {}
    faults = []
    for exercise in verdict.exercises:
        name = exercise.grade_id.removeprefix("test_")
        for check in exercise.checks:
            fitting = [seconds for pattern, seconds in cells[exercise.grade_id] if re.fullmatch(pattern, check.name)]
            if len(set(fitting)) == 1 and fitting[0] is not None:
                found[name, check.name] = fitting[0]
            else:
                faults.append(
                    f"the time limit of {name}: {check.name} can not be read off its cell: write its name as text "
                    f"and seconds= as a number"
                )
    return found, faults


def _written(code: str) -> list[tuple[str, float | None]]:
    """Every ``….check(name, …)`` of a test cell: a pattern of its name, and its limit (None: not a number)."""
    tree = ast.parse(python(code))
    numbers = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "check":
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            name = node.args[0] if node.args else named.get("name")
            seconds = node.args[4] if len(node.args) > 4 else named.get("seconds")
            if isinstance(seconds, ast.Name):
                seconds = numbers.get(seconds.id, seconds)
            found.append((_pattern(name), _DEFAULT if seconds is None else _number(seconds)))
    return found


def _pattern(name: ast.expr | None) -> str:
    if isinstance(name, ast.Constant):
        return re.escape(str(name.value))
    if isinstance(name, ast.JoinedStr):
        return "".join(_pattern(part) for part in name.values)
    return ".*"


def _number(node: ast.expr) -> float | None:
    number = isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return float(node.value) if number else None  # type: ignore[attr-defined]


def times(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], float]:
    """CPU seconds of each check: the most that one of these hand-ins took."""
    slowest: dict[tuple[str, str], float] = {}
    for verdict in verdicts:
        for exercise in verdict.exercises:
            for check in exercise.checks:
                key = exercise.grade_id.removeprefix("test_"), check.name
                slowest[key] = max(slowest.get(key, 0.0), check.cpu_seconds)
    return slowest


def faults_of_limits(
    source: NotebookNode, limit_of: Limits, by_answer: Mapping[str, Mapping[tuple[str, str], float]]
) -> list[str]:
    """Sentences about limits that are too near to what right answers take.

    by_answer  a right answer's name -> (exercise, check) -> CPU seconds
    """
    faults = []
    for (exercise, check), limit in limit_of.items():
        slowest, who = max((taken.get((exercise, check), 0.0), who) for who, taken in by_answer.items())
        if limit < (needed := max(FLOOR, ROOM * slowest)):
            faults.append(
                f"the limit of {exercise}: {check} is {limit:g} s; {who} takes {slowest:.1f} s of CPU, "
                f"so it has to be at least {needed:.0f} s"
            )
    total = Settings.of(source.metadata).total_seconds
    for who, taken in by_answer.items():
        if ROOM * (whole := sum(taken.values())) > total:
            faults.append(
                f"a hand-in may take {total:g} s as a whole; {who} takes {whole:.0f} s of CPU, and {ROOM:g} times that "
                f"has to fit in: ask for less work"
            )
    return faults
