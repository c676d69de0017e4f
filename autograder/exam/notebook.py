"""A hand-in read safely: which cells are run, tested and kept is decided by the source, never by the hand-in.

The hand-in contributes text and its order. Every cell that the source knows by its ``grade_id`` keeps the source's
role, points and metadata; locked and test cells keep the source's text too. All other metadata is dropped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

MAX_BYTES = 30 * 2**20
MAX_CELLS = 1_000
KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
MISSING = "# This cell was not in the hand-in."
_NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


@dataclass
class Paper:
    """A hand-in, ready to be examined.

    notebook  a new notebook: the source's locked and test cells around the student's own
    problems  sentences about what was not as it was handed out
    """

    notebook: NotebookNode
    problems: list[str] = field(default_factory=list)


def role(cell: NotebookNode) -> str:
    """What a cell of the source is: "test", "locked", "solution", "written" (graded by hand), or "" for any other."""
    meta = cell.metadata.get("nbgrader", {})
    if meta.get("grade") and meta.get("solution"):
        return "written"
    if meta.get("grade"):
        return "test"
    if meta.get("solution"):
        return "solution"
    return "locked" if meta.get("locked") and cell.cell_type == "code" else ""


def grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def known_cells(source: NotebookNode) -> dict[str, NotebookNode]:
    """The source's cells that have a role, by grade_id, in order."""
    return {grade_id(cell): cell for cell in source.cells if role(cell)}


def hidden_lines(code: str) -> range:
    """The lines (counted from 1) of a test cell between its hidden-test marks; empty if there are none."""
    lines = code.splitlines()
    begins = [i for i, line in enumerate(lines, 1) if line.strip() == "### BEGIN HIDDEN TESTS"]
    ends = [i for i, line in enumerate(lines, 1) if line.strip() == "### END HIDDEN TESTS"]
    return range(begins[0], ends[-1]) if begins and ends else range(0)


def read(source: NotebookNode, handin: bytes | None) -> Paper:
    """Lay a hand-in over its source. Never raises for a bad hand-in: a paper with problems is a paper."""
    problems: list[str] = []
    try:
        cells = _cells(handin)
    except _Unreadable as error:
        problems.append(str(error))
        cells = []
    kept = _lay_over(known_cells(source), cells, problems)
    _insert_missing(source, kept, problems, report=bool(cells))
    metadata = {"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}}
    return Paper(nbformat.from_dict(new_notebook(cells=kept, metadata=metadata)), problems)


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
        data = json.loads(handin.decode("utf-8"))
    except UnicodeDecodeError:
        raise _Unreadable("the file is not a notebook: it is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        reason = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its nesting is too deep"
        raise _Unreadable(f"the file is not a notebook: it is not JSON ({reason})") from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list):
        if isinstance(data, dict) and "worksheets" in data:
            raise _Unreadable("the notebook is in a format older than 4: open it in JupyterLab and save it")
        raise _Unreadable("the file is JSON, but not a notebook: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise _Unreadable(f"the notebook has {len(cells)} cells; at most {MAX_CELLS} are read")
    return [cell for cell in cells if isinstance(cell, dict)]


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    text = source if isinstance(source, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates can not be written to any file


def _handed_in_id(cell: dict[str, Any]) -> str:
    meta = cell.get("metadata")
    meta = meta.get("nbgrader") if isinstance(meta, dict) else None
    found = meta.get("grade_id") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else ""


def _lay_over(known: dict[str, NotebookNode], cells: list[dict[str, Any]], problems: list[str]) -> list[NotebookNode]:
    kept: list[NotebookNode] = []
    seen: set[str] = set()
    for cell in cells:
        name = _handed_in_id(cell)
        if name in known and name not in seen:
            seen.add(name)
            fixed = role(known[name]) in ("test", "locked")
            kept.append(_from_source(known[name], known[name].source if fixed else _text(cell)))
            continue
        if name in known:
            problems.append(f"the cell {name} is there twice: the first one counts as the answer")
            if role(known[name]) in ("test", "locked"):
                continue
        kind = cell.get("cell_type")
        new = _NEW_CELL.get(kind if isinstance(kind, str) else "", new_raw_cell)
        kept.append(new(_text(cell), id=f"own-{len(kept)}"))
    return kept


def _insert_missing(source: NotebookNode, kept: list[NotebookNode], problems: list[str], report: bool) -> None:
    """Put every cell that the hand-in lacks behind the one that it follows in the source."""
    place = 0
    for name, cell in known_cells(source).items():
        found = next((i for i, k in enumerate(kept) if grade_id(k) == name), None)
        if found is None:
            own = role(cell) in ("solution", "written")
            kept.insert(place, _from_source(cell, MISSING if own else cell.source))
            found = place
            if report:
                put_back = "nothing in it can be marked" if own else "it was put back"
                problems.append(f"the cell {name} was missing: {put_back}")
        place = found + 1


def _from_source(cell: NotebookNode, text: str) -> NotebookNode:
    new = _NEW_CELL[cell.cell_type](text, id=re.sub(r"[^a-zA-Z0-9-_]", "-", grade_id(cell))[:64])
    new.metadata["nbgrader"] = dict(cell.metadata["nbgrader"])
    return new
