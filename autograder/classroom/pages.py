"""What stock ``nbgrader`` commands use of ours: pages that are safe to open and say what counts, copies that are kept.

Feedback and formgrader pages show what students wrote. Nothing in it runs in the browser of whoever reads them, and
nothing is fetched from elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import bleach
from bleach.sanitizer import ALLOWED_TAGS
from jinja2 import Environment, pass_context
from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbconvert.exporters.exporter import Exporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.preprocessors import ClearHiddenTests, GetGrades
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder.course import TEXT_STUB, plain

_PAGE = Path(__file__).with_name("feedback.html")
OPEN_LINES = 25  # of what a student's cell printed; more is folded

# --- text of students as markup --------------------------------------------------------------------------------------

_TAGS = ALLOWED_TAGS | {"h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "pre", "br", "hr", "img", "del", "sub"}
_TAGS |= {"sup", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "dl", "dt", "dd"}


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":  # in the page itself, or a file beside it: never fetched from elsewhere
        return bool(
            re.match(r"data:image/(png|jpeg|gif|webp);base64,|(?!missing-)\w[\w-]*\.(png|jpe?g|gif|webp)$", value)
        )
    if tag == "a" and name == "href":
        return bool(re.match(r"https?://|mailto:|#|[\w./-]+(#|$)", value))
    return name in {"class", "title", "alt", "align", "open", "start", "colspan", "rowspan", "width", "height"}


@cache
def _renderer() -> HTMLExporter:
    return HTMLExporter()


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """nbconvert's markdown2html, with everything taken out that could run in the browser of whoever reads the page.

    A picture that is named and not there is said to be missing: nbconvert gives up the whole page for it.
    """
    attached = (context.get("cell") or {}).get("attachments") or {}

    def named(match: re.Match[str]) -> str:
        return match[0] if match[1] in attached or not match[1] else f"missing-picture-{match[1]}"

    source = re.sub(r"attachment:([^\s)\"'>\]]*)", named, source)
    try:
        html = _renderer().markdown2html(context, source)
    except Exception:  # whatever a student's text does to the renderer, the page with everything else on it is shown
        html = f"<pre>{bleach.clean(source, tags=set())}</pre>"
    return bleach.clean(html, tags=_TAGS, attributes=_allowed, protocols={"http", "https", "mailto", "data"})


# --- feedback --------------------------------------------------------------------------------------------------------


class DropHiddenTests(ClearHiddenTests):
    """ClearHiddenTests for feedback: only in the course's own test cells, whatever a student's cell contains."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        if is_grade(cell) and is_locked(cell):
            self._remove_hidden_test_region(cell)
        return cell, resources


class Grades(GetGrades):
    """GetGrades that also tells a mark of zero from one that nobody has given yet (``marked`` in the metadata)."""

    def _get_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._get_score(cell, resources)
        place = (self.notebook_id, self.assignment_id, self.student_id)
        grade = self.gradebook.find_grade(cell.metadata["nbgrader"]["grade_id"], *place)
        given = grade.manual_score is not None or (grade.auto_score is not None and not grade.needs_manual_grade)
        cell.metadata.nbgrader["marked"] = given


class FeedbackExporter(HTMLExporter):
    """The page that a student gets back: marks by exercise on top, then their answers with what the checks said.

    The text of the notebook and of the visible checks is there, folded.
    """

    def __init__(self, parent: Any = None, **options: Any):
        super().__init__(parent=parent, **options)
        if isinstance(parent, BaseConverter):
            _find_all(parent)

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own HTMLExporter returns text too
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        nb, resources = Exporter.from_notebook_node(self, nb, resources, **options)
        environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        environment.filters["markdown"] = lambda cell: safe_markdown({"cell": cell, "resources": {}}, cell.source)
        page = environment.from_string(_PAGE.read_text(encoding="utf-8"))
        about = resources["nbgrader"]
        exercises, blocks = list(_exercises(nb)), list(_blocks(nb))
        problems = nb.metadata.get("autograder", {}).get("problems", [])
        html = page.render(about=about, exercises=exercises, blocks=blocks, problems=problems, open_lines=OPEN_LINES)
        return html, resources


def _find_all(converter: BaseConverter) -> None:
    """nbgrader looks for notebooks with patterns, and misses those of students in whose names ``[`` or ``*`` stand."""
    place = converter.coursedir
    if place.student_id != "*" or set(place.assignment_id) & set("*?["):
        return
    folder = Path(converter._format_source(place.assignment_id, "x")).parent.parent
    for entry in os.scandir(folder) if folder.is_dir() else ():
        path = Path(converter._format_source(place.assignment_id, entry.name))
        notebook = path / f"{place.assignment_id}.ipynb"
        if notebook.is_file():
            converter.assignments.setdefault(str(path), [str(notebook)])


def title(cell: NotebookNode) -> str:
    """What an exercise is called on a page."""
    return plain(cell.metadata.nbgrader.grade_id.removeprefix("test_"), 80)


def _exercises(nb: NotebookNode) -> Iterator[dict[str, Any]]:
    """The rows of the index: what was graded, in order, with its mark or that there is none yet."""
    for cell in filter(is_grade, nb.cells):
        meta = cell.metadata.nbgrader
        share = meta.score / meta.points if meta.points else 0.0
        yield {
            "name": title(cell),
            "id": meta.grade_id,
            "written": is_solution(cell),
            "score": meta.score,
            "points": meta.points,
            "marked": meta.get("marked", True),
            "share": min(max(share, 0.0), 1.0),
        }


def _blocks(nb: NotebookNode) -> Iterator[dict[str, Any]]:
    """The page in order: answers, checks and written answers, and between them the other cells, to be folded."""
    problems = "".join(f"{problem}\n" for problem in nb.metadata.get("autograder", {}).get("problems", []))
    said = "; ".join(nb.metadata.get("autograder", {}).get("problems", []))
    others: list[NotebookNode] = []
    for cell in nb.cells:
        kind = "written" if is_grade(cell) and is_solution(cell) else "answer" if is_solution(cell) else ""
        kind = "check" if is_grade(cell) and not kind else kind
        if not kind:
            others.append(cell)
            continue
        question = others.pop() if kind == "written" and others and others[-1].cell_type == "markdown" else None
        if others:
            yield {"kind": "others", "cells": others}
            others = []
        comment = cell.metadata.nbgrader.get("comment")
        block = {"kind": kind, "cell": cell, "name": title(cell), "question": question, "printed": _printed(cell)}
        block["comment"] = comment if comment and comment != said else ""
        block["blank"] = cell.source.strip() in ("", TEXT_STUB)
        block["report"] = _printed(cell).removeprefix(problems)
        yield block
    if others:
        yield {"kind": "others", "cells": others}


def _printed(cell: NotebookNode) -> str:
    outputs = cell.get("outputs", []) if cell.cell_type == "code" else []
    return "".join(output.text for output in outputs if output.output_type == "stream")


# --- nbgrader autograde ----------------------------------------------------------------------------------------------


class CarefulExporter(NotebookExporter):
    """In ``nbgrader autograde``: a hand-in on which it fails keeps the graded copy that was there.

    nbgrader removes the old copy before it reads the hand-in. It makes its exporter just before it begins, so this is
    where a copy can be put by.
    """

    def __init__(self, parent: Any = None, **options: Any):
        super().__init__(parent=parent, **options)
        if isinstance(parent, Autograde):
            _find_all(parent)
            convert = parent.convert_notebooks
            parent.convert_notebooks = lambda: _keeping_copies(parent, convert)


def _keeping_copies(converter: Autograde, convert: Any) -> None:
    kept = []
    with _put_by(converter) as copies:
        try:
            convert()
        finally:
            for place, copy in copies.items():
                if not all((place / path.name).exists() for path in copy.glob("*.ipynb")):
                    shutil.rmtree(place, ignore_errors=True)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(copy, place)
                    kept.append(place)
                    converter.log.error("%s is as it was before: the hand-in could not be graded", plain(str(place)))
    if kept:
        raise NbGraderException("some hand-ins could not be graded; their earlier copies were kept")


@contextmanager
def _put_by(converter: Autograde) -> Iterator[dict[Path, Path]]:
    """Links to all files of the graded copies that may be replaced, by the folder that they are a copy of."""
    folder = Path(converter._format_dest("x", "x")).parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".before-", dir=folder) as scratch:
        copies = {}
        pattern = re.compile(converter._format_source("(?P<a>.*)", "(?P<s>.*)", escape=True))
        for number, path in enumerate(converter.assignments):
            if match := pattern.match(path):
                place = Path(os.path.normpath(converter._format_dest(match["a"], match["s"])))
                if place.is_dir():
                    copies[place] = Path(shutil.copytree(place, Path(scratch) / str(number), copy_function=_link))
        yield copies


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # not every file system has links
        shutil.copy2(source, target)
