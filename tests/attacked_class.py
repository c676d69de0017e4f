"""A class of attackers and three honest students, graded once: run as ``python attacked_class.py FOLDER [ATTACK ...]``.

It runs in a process of its own, so that its memory can be measured, what it leaves behind be found, and whom it runs
as be chosen. Reads tests/attacks/*.py; writes FOLDER/found.json.
"""

from __future__ import annotations

import ast
import contextlib
import csv
import ctypes
import json
import os
import re
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import attack_target as target
import nbformat
import psutil
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from autograder.classroom import batch, gradebook
from autograder.classroom.export import QuotedCsv
from autograder.classroom.report import class_page, marks_table
from autograder.course import Course, nbgrader_settings
from autograder.exam.verdict import Verdict
from autograder.release import student_version

TESTS = Path(__file__).resolve().parent
HONEST = ("ada", "mia", "zoe")  # at both ends of the class and in its middle
CANARY = "canary-of-the-grader-4711"  # in the grader's environment and in a file beside the hand-ins

Range = tuple[float, float]


@dataclass
class Attack:
    """One file of tests/attacks/.

    points  exercise -> least and most that it may earn; or, under "", the whole hand-in
    cells   (where, code): an exercise's name replaces its answer, "after <cell>" is a cell of the student's own there
    spoil   code that defines ``spoil(notebook, folder)``: the test's own, it may do anything to what is handed in
    """

    name: str
    about: str
    points: dict[str, Range]
    says: list[str] = field(default_factory=list)  # texts that problems, messages or notes must hold
    never: list[str] = field(default_factory=list)  # texts that nothing that comes out may hold
    pages: list[str] = field(default_factory=list)  # texts that no page of this student may hold
    look: bool = False  # whether a person must be asked to look at it
    within: float = 60.0  # seconds of the clock
    student: str = ""
    cells: list[tuple[str, str]] = field(default_factory=list)
    spoil: str = ""


def attacks() -> list[Attack]:
    return [read_attack(path) for path in sorted((TESTS / "attacks").glob("*.py"))]


def read_attack(path: Path) -> Attack:
    """Parse one file: a docstring, a header of ``# key: value`` lines, perhaps ``spoil``, then ``# %% where`` cells."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    about = ast.get_docstring(tree)
    assert about, f"{path.name}: the docstring must say what the attack tries"
    lines = text.splitlines()[tree.body[0].end_lineno :]
    attack = Attack(path.stem, about, {}, student=path.stem)
    while lines and (not lines[0] or re.fullmatch(r"# \w+: .*\S", lines[0])):
        line = lines.pop(0)
        if line:
            key, _, value = line.removeprefix("# ").partition(": ")
            _header(attack, key, value)
    before, *cells = re.split(r"(?m)^# %% (.*)\n", "\n".join(lines) + "\n")
    attack.cells = [(where.strip(), code.strip()) for where, code in zip(cells[::2], cells[1::2], strict=True)]
    attack.spoil = before.strip()
    assert attack.points, f"{path.name}: '# points:' must say what its honest code deserves"
    assert attack.cells or "def spoil" in attack.spoil, f"{path.name}: neither a cell nor spoil(notebook, folder)"
    for where, _ in attack.cells:
        known = where.removeprefix("after test_").removeprefix("after ")
        assert known in target.HONEST or known == "setup", f"{path.name}: there is no cell {where!r}"
    return attack


def _header(attack: Attack, key: str, value: str) -> None:
    if key == "points":
        for item in value.split(","):
            exercise, _, points = item.strip().rpartition("=")
            least, _, most = points.partition("..")
            attack.points[exercise] = (float(least), float(most or least))
    elif key in ("says", "never", "pages"):
        text = ast.literal_eval(value) if value[0] in "\"'" else value
        getattr(attack, key).append(text)
    elif key == "student":
        attack.student = ast.literal_eval(value)
    elif key == "look":
        attack.look = value == "yes"
    elif key == "within":
        attack.within = float(value)
    else:
        raise AssertionError(f"tests/attacks/{attack.name}.py: the header knows no {key!r}")


def deserved(attack: Attack, exercise: str) -> Range:
    """What an exercise may earn: as the header says; what is not named there is honest and earns everything."""
    if "" in attack.points and len(attack.points) == 1:
        return (0.0, float(target.POINTS[exercise]))
    rest = attack.points.get("rest", (float(target.POINTS[exercise]),) * 2)
    return attack.points.get(exercise, (min(rest[0], target.POINTS[exercise]), min(rest[1], target.POINTS[exercise])))


# --- handing in ------------------------------------------------------------------------------------------------------


def notebook(cells: list[tuple[str, str]]) -> dict[str, Any]:
    """The hand-in that has these cells and honest ones for all else."""
    paper = json.loads(nbformat.writes(student_version(target.source())))
    answers = target.HONEST | dict(cells)
    for cell in paper["cells"]:
        if cell["id"] in target.HONEST:
            cell["source"] = answers[cell["id"]]
        elif cell["id"] == "why":
            cell["source"] = "Because it is the same."
    for number, (where, code) in enumerate(cells):
        if where.startswith("after "):
            place = next(i for i, cell in enumerate(paper["cells"]) if cell["id"] == where.removeprefix("after "))
            own = {"cell_type": "code", "id": f"more-{number}", "metadata": {}, "execution_count": None, "outputs": []}
            paper["cells"].insert(place + 1, own | {"source": code})
    return paper


def hand_in(course: Course, attack: Attack) -> None:
    folder = course.submitted / attack.student / target.NAME
    folder.mkdir(parents=True)
    kit = (TESTS / "attack_kit.py").read_text()
    paper = notebook([(where, f"{kit}\n\n{code}" if i == 0 else code) for i, (where, code) in enumerate(attack.cells)])
    data: Any = None
    if attack.spoil:
        names: dict[str, Any] = {}
        exec(compile(attack.spoil, attack.name, "exec"), names)
        data = names["spoil"](paper, folder)
    if data is None:
        data = json.dumps(paper).encode()
    if data is not ...:  # then it has written what it wants to hand in
        (folder / f"{target.NAME}.ipynb").write_bytes(data)


# --- grading ---------------------------------------------------------------------------------------------------------


def main(folder: Path, names: list[str]) -> None:
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: what is left behind becomes a child of ours
    os.environ["GRADER_CANARY"] = CANARY
    course = target.make_course(folder)
    (folder / "course" / "canary.txt").write_text(CANARY)
    handed = {attack.student: attack for attack in attacks() if attack.name in names or not names}
    for student in HONEST:
        handed[student] = Attack(student, "honest", {"rest": (0.0, 99.0)}, student=student, spoil=_HONEST)
    for attack in handed.values():
        hand_in(course, attack)
    before = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    started = time.monotonic()
    verdicts = grade(course)
    print(marks_table(verdicts))
    found: dict[str, Any] = {"seconds": time.monotonic() - started, "left": left_behind()}
    found["peaks"] = [resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, _CHILDREN)]
    found["attacks"] = {handed[student].name: asdict(verdict) for student, verdict in whose(list(handed), verdicts)}
    found["files"] = sorted({str(path.relative_to(folder)) for path in folder.rglob("*")} - before)
    found["pages"] = {attack.name: pages(course, attack.student) for attack in handed.values() if attack.pages}
    found["report"] = class_page(target.NAME, verdicts)
    with gradebook.open_gradebook(course) as book:
        QuotedCsv(to=str(folder / "grades.csv")).export(book)
    with open(folder / "grades.csv", encoding="utf-8", errors="surrogateescape", newline="") as file:
        found["export"] = [(row["student_id"], float(row["score"])) for row in csv.DictReader(file)]
    (folder / "found.json").write_text(json.dumps(found))


_CHILDREN = resource.RUSAGE_CHILDREN
_HONEST = "def spoil(notebook, folder):\n    pass"


def grade(course: Course) -> list[Verdict]:
    """Two hand-ins at a time, so that what one does to another can be seen."""
    return batch.grade(course, target.NAME, jobs=2)


def whose(students: list[str], verdicts: list[Verdict]) -> Iterator[tuple[str, Verdict]]:
    """Each hand-in with its verdict. What becomes of an odd name on the way is the grader's: its letters tell."""
    by_name = {verdict.student: verdict for verdict in verdicts}
    assert len(by_name) == len(verdicts) == len(students), "every hand-in has one verdict, under a name of its own"
    yield from ((student, by_name[student]) for student in students if student in by_name)
    odd = sorted((student for student in students if student not in by_name), key=lambda name: (_letters(name), name))
    rest = sorted(by_name.keys() - set(students), key=lambda name: (_letters(name), name))
    yield from ((student, by_name[name]) for student, name in zip(odd, rest, strict=True))


def _letters(name: str) -> str:
    return re.sub(r"\\x[0-9a-f]{2}|\W", "", name)


def pages(course: Course, student: str) -> str:
    """What a student's pages say: the feedback."""
    settings = nbgrader_settings(course)
    settings.CourseDirectory.assignment_id = target.NAME
    settings.CourseDirectory.student_id = student
    with contextlib.suppress(SystemExit):
        GenerateFeedback(coursedir=CourseDirectory(config=settings), config=settings, force=True).start()
    return "".join(path.read_text() for path in sorted((course.feedback / student).rglob("*.html")))


def left_behind() -> list[str]:
    """Processes under this one that are still there, a while after the hall was closed. They are ended."""
    deadline = time.monotonic() + 5
    while (left := _descendants()) and time.monotonic() < deadline:
        time.sleep(0.1)
    said = []
    for process in left:
        with contextlib.suppress(psutil.Error):
            said.append(" ".join(process.cmdline())[-300:])
            process.kill()
    return said


def _descendants() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue  # what was orphaned has become ours: nobody waits for it, and it runs no more
            if "resource_tracker" not in " ".join(process.cmdline()):
                found.append(process)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
