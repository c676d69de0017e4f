"""Which cell of a hand-in is which of the source's: by its id, by what it defines, by its text, by where it stands.

Notebooks come back from other editors without nbgrader's metadata, with cells copied, moved, or retyped somewhere
else. Whatever is recognised is placed where it is graded, and a sentence says so.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from autograder.course import CODE_STUB, TEXT_STUB

ALIKE = 0.6  # share of lines that a check or a given cell has to have in common with the source's
NAMED = 6  # names that one sentence lists
PROSE = 5_000  # characters of a code cell that may still be a written answer

_REGION = re.compile(r"\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)")
_DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_ASSIGNED = re.compile(r"^(\w+)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)


@dataclass(eq=False)
class Cell:
    """A cell as it was handed in: text and place count, all else is the source's to say.

    name  the source's cell that it is ("" for one of the student's own)
    kept  False for what is left out: a second copy of a check, a stub beside its answer
    run   False for a second answer to what the first one answers: to be seen, not run
    """

    kind: str
    text: str
    marked: str = ""  # the grade_id that it was handed in with
    id: str = ""
    attachments: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    kept: bool = True
    run: bool = True


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


def released(cell: NotebookNode) -> str:
    """A cell of the source as students get it: solutions replaced by their stub, hidden tests taken out."""
    if role(cell) == "written" and not re.search(_REGION, cell.source):
        return TEXT_STUB
    stub = TEXT_STUB if cell.cell_type == "markdown" else CODE_STUB
    lines: list[str] = []
    inside = False
    for line in cell.source.splitlines():
        if mark := _REGION.match(line):
            inside = mark[1] == "BEGIN"
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + stub_line for stub_line in stub.splitlines() if inside and mark[2] == "SOLUTION"]
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def untouched(cell: NotebookNode, text: str) -> bool:
    """Whether an answer's cell is as it was handed out, or empty."""
    return not text.strip() or _lines(text) == _lines(released(cell))


def defined(code: str) -> set[str]:
    """Names that code defines at its top level. Looked for in the text, so that no code can break the looking."""
    return {*_DEFINED.findall(code), *_ASSIGNED.findall(code)}


def _wanted(cell: NotebookNode) -> set[str]:
    return set(_DEFINED.findall(cell.source) or _ASSIGNED.findall(cell.source))


def _lines(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.splitlines() if line.strip())


def _is_prose(cell: Cell) -> bool:
    """Whether a cell is text; one that was left a code cell is, if it is all comment or no Python at all."""
    if cell.kind != "code" or all(line.startswith("#") for line in _lines(cell.text)):
        return True
    if len(cell.text) > PROSE or re.search(r"=|:\s*$", cell.text, re.MULTILINE):
        return False
    try:
        ast.parse(cell.text)
    except SyntaxError:
        return True
    except (ValueError, RecursionError, MemoryError):
        pass
    return False


def recognise(source: NotebookNode, cells: list[Cell], problems: list[str], look: list[str]) -> None:
    """Give every cell its ``name``. Problems are said to the student too, ``look`` to the instructor alone."""
    placing = _Placing(source, cells, problems, look)
    placing.by_id()
    placing.by_definition()
    placing.by_text()
    placing.written_by_place()
    placing.drop_copies()
    placing.say()


class _Placing:
    def __init__(self, source: NotebookNode, cells: list[Cell], problems: list[str], look: list[str]):
        self.source, self.cells, self.problems, self.look = source, cells, problems, look
        self.known = known_cells(source)
        self.found: dict[str, Cell] = {}
        self.guessed: list[str] = []  # recognised without an id

    def _free(self) -> list[Cell]:
        return [cell for cell in self.cells if not cell.name and cell.kept and cell.run and cell.text.strip()]

    def _missing(self, *roles: str) -> list[str]:
        return [name for name, cell in self.known.items() if role(cell) in roles and name not in self.found]

    def _take(self, name: str, cell: Cell) -> None:
        cell.name = name
        self.found[name] = cell

    def _guess(self, name: str, cell: Cell) -> None:
        self._take(name, cell)
        self.guessed.append(name)

    def _is_stub(self, name: str) -> bool:
        return name in self.found and untouched(self.known[name], self.found[name].text)

    # by the id that nbgrader, or the notebook, gave it

    def by_id(self) -> None:
        for name in self.known:
            twins = [cell for cell in self.cells if cell.marked == name]
            if twins:
                self._choose(name, twins)
        ids = {cell["id"]: name for name, cell in self.known.items() if cell.get("id")}
        for cell in self._free():
            name = ids.get(cell.id, "")
            if name and name not in self.found and cell.kind == self.known[name].cell_type:
                self._guess(name, cell)

    def _choose(self, name: str, twins: list[Cell]) -> None:
        """Of several cells with one id: the first one that is not as it was handed out."""
        source = self.known[name]
        fixed = role(source) in ("test", "locked")
        chosen = 0 if fixed else next((i for i, cell in enumerate(twins) if not untouched(source, cell.text)), 0)
        self._take(name, twins[chosen])
        if len(twins) == 1:
            return
        if fixed:
            said = f"the cell {name} is there twice: the course's own text counts, once"
        elif chosen:
            said = f"the cell {name} is there twice: the first one is as it was handed out, no. {chosen + 1} counts"
        else:
            said = f"the cell {name} is there twice: the first one counts as the answer"
        self.problems.append(said)
        answer, differ = twins[chosen].text, False
        for cell in twins[:chosen] + twins[chosen + 1 :]:
            if fixed or untouched(source, cell.text) or _lines(cell.text) == _lines(answer):
                cell.kept = False
            elif role(source) == "written" or defined(cell.text) & _wanted(source):
                cell.run, differ = False, True
        if differ:
            self.look.append(f"{said}; the other one is different: see which one was meant")

    # by what it defines

    def by_definition(self) -> None:
        """Answers without an id; and answers in a cell of their own, where the cell for them is as handed out."""
        for name in [n for n, cell in self.known.items() if role(cell) == "solution" and cell.cell_type == "code"]:
            stub = self._is_stub(name)
            if name in self.found and not stub:
                continue
            source, wanted = self.known[name], _wanted(self.known[name])
            free = [c for c in self._free() if c.kind == "code" and c.marked not in self.known]
            shares = {id(cell): len(wanted & defined(cell.text)) for cell in free}
            here = [cell for cell in free if shares[id(cell)] and not (stub and untouched(source, cell.text))]
            if not here:
                continue
            best = max(here, key=lambda cell: (not untouched(source, cell.text), shares[id(cell)]))
            if stub:
                self.found[name].name, self.found[name].kept = "", False
                said = f"the cell {name} is as it was handed out; another cell defines {_list(wanted)} and was taken"
                self.problems.append(said)
                self.look.append(f"{said} as the answer")
                self._take(name, best)
            else:
                self._guess(name, best)
            if len([cell for cell in here if shares[id(cell)] == shares[id(best)]]) > 1:
                self.look.append(
                    f"several cells define {_list(wanted)}: they were run in order, see which one was meant"
                )

    # by its text

    def by_text(self) -> None:
        """Checks, given cells and written answers' stubs, the same as released or nearly so; the likest pair first."""
        texts = [(cell, lines := _lines(cell.text), lines.total()) for cell in self._free()]
        pairs = []
        for name in self._missing("test", "locked", "written"):
            mine = _lines(released(self.known[name]))
            for cell, lines, total in texts:
                alike = 2 * (mine & lines).total() / max(mine.total() + total, 1)
                pairs += [(alike, name, cell)] if alike >= ALIKE else []
        for _, name, cell in sorted(pairs, key=lambda pair: -pair[0]):
            if name not in self.found and not cell.name:
                self._guess(name, cell)

    # by where it stands

    def written_by_place(self) -> None:
        """A written answer retyped in a cell of its own, under its question."""
        for name in [n for n, cell in self.known.items() if role(cell) == "written"]:
            if name in self.found and not self._is_stub(name):
                continue
            candidate = self._under_the_question(name)
            if candidate is None:
                if name not in self.found:
                    self.look.append(f"the written answer {name} is missing: see whether it stands somewhere else")
                continue
            if name in self.found:
                self.found[name].name, self.found[name].kept = "", False
            said = f"the written answer {name} stood in a cell of its own: it was placed where it is marked"
            self.problems.append(said)
            self.look.append(f"{said}; see whether it is the answer")
            self._take(name, candidate)

    def _under_the_question(self, name: str) -> Cell | None:
        """The first text of the student's own between the question, or what it follows, and the next known cell."""
        places = [i for i, cell in enumerate(self.source.cells) if grade_id(cell) == name]
        question, before, after = None, None, None
        for cell in self.source.cells[: places[0]]:
            if role(cell):
                question, before = None, grade_id(cell)
            elif cell.cell_type == "markdown":
                question = _lines(cell.source)
        for cell in self.source.cells[places[0] + 1 :]:
            if grade_id(cell) in self.found and role(cell):
                after = grade_id(cell)
                break
        start, end = -1, len(self.cells)
        for i, cell in enumerate(self.cells):
            if (before and cell.name == before) or (question and not cell.name and _lines(cell.text) == question):
                start = i
            elif after and cell.name == after and start >= 0:
                end = i
                break
        if start < 0:
            return None
        given = [_lines(cell.source) for cell in self.source.cells if not role(cell)]
        free = set(map(id, self._free()))
        near = (cell for cell in self.cells[start + 1 : end] if id(cell) in free and _is_prose(cell))
        return next((cell for cell in near if _lines(cell.text) not in given), None)

    # what is left over

    def drop_copies(self) -> None:
        """Copies of checks and given cells under no name: nothing of the student's is in them."""
        texts = {n: _lines(released(c)) for n, c in self.known.items() if role(c) in ("test", "locked")}
        for cell in self._free():
            lines = _lines(cell.text)
            if name := next((n for n, text in texts.items() if text == lines), ""):
                cell.kept = False
                self.problems.append(f"the cell {name} is there twice: the course's own text counts, once")

    def say(self) -> None:
        if not self.guessed:
            return
        names = [name for name in self.known if name in self.guessed]
        answers = [name for name in names if role(self.known[name]) in ("solution", "written")]
        said = f"{len(names)} of {len(self.known)} cells came without nbgrader's marks and were recognised"
        self.problems.insert(0, f"{said} by what they hold: hand in the notebook that you were given, filled in")
        what = f", among them the answers {_list(answers)}" if answers else ""
        self.look.insert(0, f"{said} by what they define or say{what}")


def _list(names: Iterable[str]) -> str:
    names = sorted(names) if isinstance(names, set) else list(names)
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown
