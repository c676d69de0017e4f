"""Trivial answers, made by machine: nothing is computed, so (nearly) nothing may be earned.

Of each kind there is one hand-in, in which every exercise is answered so: zeros, ones, the input back, None, … in the
shapes that the reference has. ``nothing.py`` is what makes them so, in the room.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from autograder.exam.verdict import Verdict
from autograder.proof import nothing
from autograder.proof.answers import Answer, solution_cells, without_marks

KINDS = tuple(nothing.FILLS)
AT_MOST = 0.05  # of the points by tests, for each kind

_CELL = """import types

if "_nothing" not in globals():
    _nothing = types.ModuleType("_nothing")
    exec({text!r}, vars(_nothing))

_nothing.write({code!r}, {names!r}, {kind!r}, globals())
"""


def trivial_answers(source: NotebookNode, kind: str) -> list[Answer]:
    """An answer of this kind to every exercise of the source notebook."""
    answers = []
    for exercise, cell in solution_cells(source).items():
        code = python(without_marks(cell.source))
        public = sorted(name for name in made(code) if not name.startswith("_"))
        text = _CELL.format(text=_text(), code=code, names=public, kind=kind)
        answers.append(Answer(exercise, kind, text, Path(kind), 1))
    return answers


def fault_of_trivial(kind: str, verdict: Verdict) -> str:
    """A sentence where a trivial hand-in earns too much; empty if not."""
    if verdict.earned <= AT_MOST * verdict.points:
        return ""
    given = [
        f"{exercise.grade_id.removeprefix('test_')}: {check.name} ({check.earned:g})"
        for exercise in verdict.exercises
        for check in exercise.checks
        if check.earned
    ]
    return (
        f"trivial answers ({kind}) earn {verdict.earned:g} of {verdict.points:g} points, more than {AT_MOST:.0%}: "
        f"these checks have to ask for right values too: {'; '.join(given)}"
    )


@cache
def made(code: str) -> set[str]:
    """Names that a cell leaves behind, imports aside."""
    tree = ast.parse(python(code))
    found = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return found


def python(code: str) -> str:
    """A cell without IPython's own lines."""
    return "\n".join(line for line in code.splitlines() if not line.startswith(("%", "!")))


@cache
def _text() -> str:
    return Path(nothing.__file__).read_text(encoding="utf-8")
