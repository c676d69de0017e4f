"""Answers kept as plain Python files, and hand-ins built out of them.

An answers file is Python in percent format. Its docstring says what it is; each cell replaces one solution cell::

    \"\"\"Wrong answers to affine.\"\"\"
    import numpy as np                       # code before the first cell is put in front of every cell

    # %% affine | the bias is forgotten
    # caught by: toy values; random shapes
    # also: tiny_convnet
    def affine_forward(x, w, b): ...

A cell needs to hold only what differs from the code before the first cell: a later ``def`` wins.
"""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, ClearOutput, ClearSolutions

from autograder.course import CourseError, find_course, nbgrader_settings
from autograder.exam.notebook import grade_id, role

_HEADER = re.compile(r"# %% (?P<exercise>\w+)(?: \| (?P<title>.*\S))?\s*")
_MARK = re.compile(r"\s*### (BEGIN|END) ")
_NOTE = re.compile(r"# (?P<key>caught by|also):(?P<names>.*)")


class AnswersError(CourseError):
    """What is wrong with an answers file, where, and what is needed."""


@dataclass(frozen=True)
class Answer:
    """One cell of an answers file."""

    exercise: str
    title: str
    code: str
    path: Path
    line: int  # of the cell's header
    caught_by: tuple[str, ...] = ()  # checks, of which at least one must fail
    also: tuple[str, ...] = ()  # other exercises that may lose points

    @property
    def where(self) -> str:
        return f"{self.path.name}:{self.line}"


def read_answers(path: str | Path) -> list[Answer]:
    """The cells of an answers file, in order. Raises AnswersError with file and line."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AnswersError(f"{path}: can not be read ({error}); an answers file is UTF-8 text") from None
    tree = _parse(text, path, 1)
    if ast.get_docstring(tree) is None:
        raise AnswersError(f"{path}:1: no docstring; the first lines must say in quotes what these answers are")
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    if not starts:
        raise AnswersError(f"{path}:1: no cell; each answer starts with a line like '# %% affine | no bias'")
    after_docstring = tree.body[0].end_lineno or 0
    shared = "\n".join(lines[after_docstring : starts[0]]).strip()
    answers = [
        _answer(lines[start:end], shared, path, start + 1)
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]
    seen: set[tuple[str, str]] = set()
    for answer in answers:
        if (answer.exercise, answer.title) in seen:
            same = f"{answer.exercise} has two answers titled {answer.title!r}"
            raise AnswersError(f"{path}:{answer.line}: {same}; titles must differ")
        seen.add((answer.exercise, answer.title))
    return answers


def _parse(text: str, path: Path, line: int) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise AnswersError(f"{path}:{line - 1 + (error.lineno or 1)}: not Python: {error.msg}") from None


def _answer(lines: list[str], shared: str, path: Path, line: int) -> Answer:
    header = _HEADER.fullmatch(lines[0])
    if header is None:
        raise AnswersError(f"{path}:{line}: header {lines[0]!r}; it must read '# %% <exercise> | <title>'")
    notes: dict[str, tuple[str, ...]] = {}
    body = 1
    while body < len(lines) and (note := _NOTE.match(lines[body])):
        separator = ";" if note["key"] == "caught by" else ","
        names = tuple(name.strip() for name in note["names"].split(separator) if name.strip())
        if not names:
            raise AnswersError(f"{path}:{line + body}: '# {note['key']}:' names nothing; write names or leave it out")
        notes[note["key"]] = notes.get(note["key"], ()) + names
        body += 1
    code = "\n".join(lines[body:]).strip()
    if not code:
        raise AnswersError(f"{path}:{line}: the cell is empty; it must hold the code of {header['exercise']}")
    if shared:
        code = f"{shared}\n\n\n{code}"
    return Answer(
        header["exercise"],
        header["title"] or "",
        code,
        path,
        line,
        caught_by=notes.get("caught by", ()),
        also=notes.get("also", ()),
    )


def solution_cells(source: NotebookNode) -> dict[str, NotebookNode]:
    """The code cells that students fill in, by exercise (nbgrader's grade_id), in order."""
    return {grade_id(cell): cell for cell in source.cells if cell.cell_type == "code" and role(cell) == "solution"}


def without_marks(code: str) -> str:
    """A cell's text without nbgrader's marks around solutions."""
    return "\n".join(line for line in code.splitlines() if not _MARK.match(line))


def hand_in(source: NotebookNode, answers: Iterable[Answer] = (), blank: bool = False, bare: bool = False) -> bytes:
    """The notebook that a student would hand in who wrote these answers.

    source   the assignment's source notebook; it is left as it was
    answers  each replaces its exercise's solution cell
    blank    the other solution cells are as released (nothing written) instead of the reference's
    bare     without the cells that have no part in grading, such as plots to look at
    """
    notebook = copy.deepcopy(_stripped(json.dumps(source), blank))
    cells = solution_cells(notebook)
    for answer in answers:
        if answer.exercise not in cells:
            raise AnswersError(
                f"{answer.path}:{answer.line}: no exercise {answer.exercise!r}; there are {', '.join(cells)}"
            )
        cells[answer.exercise].source = answer.code
    if bare:
        notebook.cells = [cell for cell in notebook.cells if role(cell)]
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode()


@lru_cache(maxsize=4)
def _stripped(source: str, blank: bool) -> NotebookNode:
    """A source notebook (as JSON) as everybody has it: made once, for hundreds of hand-ins to one assignment."""
    notebook = nbformat.from_dict(json.loads(source))
    settings = nbgrader_settings(find_course())
    for preprocessor in [ClearOutput, ClearHiddenTests] + ([ClearSolutions] if blank else []):
        notebook, _ = preprocessor(config=settings).preprocess(notebook, {})
    for cell in notebook.cells:
        cell.source = without_marks(cell.source)
    return notebook
