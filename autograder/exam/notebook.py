"""A hand-in read safely: which cells are run, tested and kept is decided by the source, never by the hand-in.

The hand-in contributes text, its order, and pictures. Every cell that the source knows (placing.py says how) keeps the
source's role, points and metadata; locked and test cells keep the source's text too. All other metadata is dropped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.exam.placing import Cell, grade_id, known_cells, recognise, role, untouched

__all__ = ["Paper", "grade_id", "has_work", "hidden_lines", "known_cells", "read", "role", "unreadable"]

MAX_BYTES = 30 * 2**20
MAX_CELLS = 1_000
MAX_PICTURE = 5 * 2**20  # bytes of one picture that was pasted into a text cell
MAX_PICTURES = 40  # in a notebook
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
MISSING = "# This cell was not in the hand-in."
_NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


@dataclass
class Paper:
    """A hand-in, ready to be examined.

    notebook  a new notebook: the source's locked and test cells around the student's own
    problems  sentences about what was not as it was handed out
    look      sentences for the instructor: what a person should look at before the mark goes out
    """

    notebook: NotebookNode
    problems: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)


def hidden_lines(code: str) -> range:
    """The lines (counted from 1) of a test cell between its hidden-test marks; empty if there are none."""
    lines = code.splitlines()
    begins = [i for i, line in enumerate(lines, 1) if line.strip() == "### BEGIN HIDDEN TESTS"]
    ends = [i for i, line in enumerate(lines, 1) if line.strip() == "### END HIDDEN TESTS"]
    return range(begins[0], ends[-1]) if begins and ends else range(0)


def read(source: NotebookNode, handin: bytes | None) -> Paper:
    """Lay a hand-in over its source. Never raises for a bad hand-in: a paper with problems is a paper."""
    problems: list[str] = []
    look: list[str] = []
    papers: list[NotebookNode] = []
    try:
        data = _cells(handin)
        cells = list(map(_cell, data))
        _say_lost_pictures(data, cells, problems, look)
        if not cells:
            raise _Unreadable("the notebook has no cells")
        recognise(source, cells, problems, look)
        papers = _papers(cells, known_cells(source))
        _move_tests(source, papers, problems)
        _insert_missing(source, papers, problems, look)
    except _Unreadable as error:
        problems.append(str(error))
        look += [str(error)] if handin is not None else []
    if not papers:
        _insert_missing(source, papers, [], [])
    metadata = {"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}}
    return Paper(nbformat.from_dict(new_notebook(cells=papers, metadata=metadata)), problems, look)


def has_work(source: NotebookNode, handin: bytes | None) -> bool:
    """Whether anything was written: an answer that is not as it was handed out. False for what can not be read."""
    known = known_cells(source)
    answers = [cell for cell in read(source, handin).notebook.cells if role(cell) in ("solution", "written")]
    return any(cell.source != MISSING and not untouched(known[grade_id(cell)], cell.source) for cell in answers)


def unreadable(handin: bytes) -> str:
    """Why this is no notebook that can be examined; empty if it is one."""
    try:
        _cells(handin)
    except _Unreadable as error:
        return str(error)
    return ""


class _Unreadable(Exception):
    """The hand-in is no notebook; the text says why, for the student."""


def _cells(handin: bytes | None) -> list[dict[str, Any]]:
    if handin is None:
        raise _Unreadable("no notebook was handed in under the expected name")
    if len(handin) > MAX_BYTES:
        raise _Unreadable(f"the notebook has {len(handin) / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} are read")
    try:
        data = json.loads(handin)  # finds out by itself whether it is UTF-8, UTF-16 or UTF-32, with a BOM or without
    except UnicodeDecodeError:
        raise _Unreadable("the file is not a notebook: it is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        reason = "its nesting is too deep" if isinstance(error, RecursionError) else "a number in it is too long"
        reason = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else reason
        raise _Unreadable(f"the file is not a notebook: it is not JSON ({reason})") from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list):
        if isinstance(data, dict) and "worksheets" in data:
            raise _Unreadable("the notebook is in a format older than 4: open it in JupyterLab and save it")
        raise _Unreadable("the file is JSON, but not a notebook: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise _Unreadable(f"the notebook has {len(cells)} cells; at most {MAX_CELLS} are read")
    return [cell for cell in cells if isinstance(cell, dict)]


def _cell(cell: dict[str, Any]) -> Cell:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    text = source if isinstance(source, str) else ""
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates can not be written to any file
    kind = cell.get("cell_type")
    kind = kind if isinstance(kind, str) and kind in _NEW_CELL else "raw"
    meta = cell.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    nbgrader = meta.get("nbgrader")
    marked = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    name = cell.get("id", meta.get("id"))  # Colab keeps it in the metadata
    return Cell(
        kind,
        text,
        marked if isinstance(marked, str) else "",
        name if isinstance(name, str) else "",
        pictures(cell.get("attachments")),
    )


def pictures(attachments: object) -> dict[str, dict[str, str]]:
    """Of the attachments of a cell those that are pictures, of kinds that can not run anything, and not too large."""
    kept: dict[str, dict[str, str]] = {}
    for name, kinds in attachments.items() if isinstance(attachments, dict) else ():
        for kind, data in kinds.items() if isinstance(kinds, dict) else ():
            data = "".join(data.split()) if isinstance(data, str) else ""
            if (
                kind in PICTURES
                and 0 < len(data) <= MAX_PICTURE * 4 / 3
                and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", data)
            ):
                if isinstance(name, str) and len(name) <= 200 and len(kept) < MAX_PICTURES:
                    kept[name.encode("utf-8", "replace").decode("utf-8")] = {kind: data}
                break
    return kept


def _say_lost_pictures(data: list[dict[str, Any]], cells: list[Cell], problems: list[str], look: list[str]) -> None:
    """Pictures over the limits are not silently gone; their number is bounded for the notebook as a whole too."""
    room, lost = MAX_PICTURES, 0
    for given, cell in zip(data, cells, strict=True):
        attached = given.get("attachments")
        cell.attachments = dict(list(cell.attachments.items())[:room])
        room -= len(cell.attachments)
        lost += (len(attached) if isinstance(attached, dict) else 0) - len(cell.attachments)
    if lost:
        said = f"{lost} attached file{'s' * (lost > 1)} left out: only pictures (PNG, JPEG, GIF, WebP) of up to "
        said += f"{MAX_PICTURE // 2**20} MB are kept, {MAX_PICTURES} of them"
        problems.append(said)
        look.append(said)


def _papers(cells: list[Cell], known: dict[str, NotebookNode]) -> list[NotebookNode]:
    """The cells of the paper, in the hand-in's order."""
    papers: list[NotebookNode] = []
    for cell in cells:
        if not cell.kept:
            continue
        if cell.name:
            fixed = role(known[cell.name]) in ("test", "locked")
            new = _from_source(known[cell.name], known[cell.name].source if fixed else cell.text)
        else:
            new = _NEW_CELL[cell.kind if cell.run else "raw"](cell.text, id=f"own-{len(papers)}")
        if cell.attachments and new.cell_type == "markdown":
            new.attachments = nbformat.from_dict(cell.attachments)
        papers.append(new)
    return papers


def _move_tests(source: NotebookNode, papers: list[NotebookNode], problems: list[str]) -> None:
    """A check that stands above the answer it is about is moved below it."""
    for name in (name for name, cell in known_cells(source).items() if role(cell) == "test"):
        answer, test = _place(papers, name.removeprefix("test_")), _place(papers, name)
        if answer is not None and test is not None and test < answer:
            cell = papers.pop(test)
            papers.insert(_below(papers, answer - 1), cell)
            problems.append(f"the check {name} stood above its answer: it was run after it")


def _insert_missing(source: NotebookNode, papers: list[NotebookNode], problems: list[str], look: list[str]) -> None:
    """Put back every cell that the hand-in lacks.

    A check comes where the next known cell stands: behind its answer and the student's own code that follows it.
    Every other cell comes at once behind the one that it follows in the source, before whatever may need it.
    """
    before: int | None = None
    for name, cell in known_cells(source).items():
        place = _place(papers, name)
        if place is None:
            own = role(cell) in ("solution", "written")
            place = 0 if before is None else before + 1
            if role(cell) == "test":
                answer = _place(papers, name.removeprefix("test_"))
                place = _below(papers, answer if answer is not None else place - 1)
            papers.insert(place, _from_source(cell, MISSING if own else cell.source))
            problems.append(
                f"the cell {name} was missing: {'nothing in it can be marked' if own else 'it was put back'}"
            )
            if role(cell) == "solution":
                look.append(f"the cell {name} is missing, and no other cell was recognised as it")
        before = place


def _place(papers: list[NotebookNode], name: str) -> int | None:
    return next((i for i, cell in enumerate(papers) if grade_id(cell) == name), None)


def _below(papers: list[NotebookNode], place: int) -> int:
    """The place behind the cell at ``place`` and the student's own code that follows it."""
    below = place + 1
    for i in range(place + 1, len(papers)):
        if role(papers[i]):
            break
        if papers[i].cell_type == "code":
            below = i + 1
    return below


def _from_source(cell: NotebookNode, text: str) -> NotebookNode:
    new = _NEW_CELL[cell.cell_type](text, id=re.sub(r"[^a-zA-Z0-9-_]", "-", grade_id(cell))[:64])
    new.metadata["nbgrader"] = dict(cell.metadata["nbgrader"])
    return new
