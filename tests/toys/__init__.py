"""Three small PyTorch assignments: an nn.Module, a student's autograd engine, a training loop.

Each folder holds the source of one assignment, right answers in other styles than the reference's, and wrong answers:

    net/source.py    cells under headers: ``# %% locked setup``, ``# %% solution net``, ``# %% test net (40 points)``,
                     ``# %% own`` for a cell without a role
    net/right_*.py   complete right answers, as autograder.proof.answers reads them
    net/wrong.py     wrong answers, each naming the check that is meant to catch it, as changes of the reference

Their checks are written as an instructor would who knows CONTRIBUTING.md and nothing of the grader's inside.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.proof.answers import Answer, read_answers, solution_cells, without_marks

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/source.py"))
_HEADER = re.compile(r"# %% (?P<role>locked|solution|test|own)(?: (?P<name>\w+))?(?: \((?P<points>\d+) points\))?")
_ROLES = {"locked": {"locked": True}, "solution": {"solution": True}, "test": {"grade": True, "locked": True}}


@dataclass(frozen=True)
class Toy:
    """One assignment; ``right`` has the reference's rivals by file name, each the answers to all exercises."""

    name: str
    source: NotebookNode
    right: dict[str, tuple[Answer, ...]]
    wrong: tuple[Answer, ...]


@cache
def read(name: str) -> Toy:
    """The toy assignment in the folder of this name."""
    source = _source(HERE / name / "source.py")
    right = {path.stem.removeprefix("right_"): tuple(read_answers(path)) for path in HERE.glob(f"{name}/right_*.py")}
    return Toy(name, source, right, tuple(_wrong(name, source)))


def _wrong(name: str, source: NotebookNode) -> Iterator[Answer]:
    path = HERE / name / "wrong.py"
    for exercise, title, caught_by, *changes in runpy.run_path(str(path))["WRONG"]:
        code = without_marks(solution_cells(source)[exercise].source)
        for before, after in changes:
            assert before in code, f"{path}: {title!r} changes {before!r}, which the reference does not hold"
            code = code.replace(before, after)
        yield Answer(exercise, title, code, path, 1, caught_by=tuple(caught_by.split("; ")))


def _source(path: Path) -> NotebookNode:
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    cells = [_cell(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def _cell(lines: list[str]) -> NotebookNode:
    header = _HEADER.fullmatch(lines[0])
    assert header, f"no header of a cell: {lines[0]}"
    code = "\n".join(lines[1:]).strip()
    if header["role"] == "own":
        return new_code_cell(code)
    name = f"test_{header['name']}" if header["role"] == "test" else header["name"]
    flags = dict.fromkeys(["grade", "solution", "locked", "task"], False) | _ROLES[header["role"]]
    points = {"points": int(header["points"])} if header["points"] else {}
    meta = {"grade_id": name, "schema_version": 3, **flags, **points}
    return new_code_cell(code, id=name.replace("_", "-"), metadata={"nbgrader": meta})
