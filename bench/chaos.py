"""kill -9 of the grader, of a worker or of a room at random moments; then a second run, and every mark once and right.

Run from anywhere: ``python bench/chaos.py [--students 60] [--moments 10] [--seed N] [--assignment a2_layers]``.
The class is made of a toy assignment whose hand-ins sleep a little, or of an assignment of the course, blank and right.
Some have been graded before and marked by hand. Exits with 1 if anything is lost, wrong, doubled, half-written or left
running. Needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import nbformat  # noqa: E402
import toy_course as toy  # noqa: E402
from nbformat import NotebookNode  # noqa: E402

from autograder.classroom import batch, gradebook  # noqa: E402
from autograder.course import REPOSITORY, Course  # noqa: E402
from autograder.exam.verdict import Verdict  # noqa: E402
from autograder.exam.walls import find_walls  # noqa: E402
from autograder.proof.answers import hand_in, read_answers  # noqa: E402
from autograder.release import student_version  # noqa: E402

VICTIMS = ("grader", "worker", "room")
BY_HAND = 2.5, "Marked by hand."
GONE = 15  # seconds after which a process that was to end with the grader counts as left behind

GRADER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from autograder.classroom import batch
from autograder.course import Course
if __name__ == "__main__":
    verdicts = batch.grade(Course(Path(sys.argv[2]), Path(sys.argv[3])), sys.argv[4], walls=sys.argv[5] == "walls",
                           jobs=int(sys.argv[6]), progress=False)
    sys.exit(any(map(batch.failed, verdicts)))
"""


# --- a class ---------------------------------------------------------------------------------------------------------


@dataclass
class Class:
    """Hand-ins of an assignment, what each deserves, and the folder that they lie in, to be copied."""

    root: Path
    assignment: str
    folder: Path
    deserved: dict[str, float] = field(default_factory=dict)
    marked: list[str] = field(default_factory=list)  # graded before, marked by hand, handed in anew

    def course(self, folder: Path) -> Course:
        return Course(self.root, folder)


def toy_kinds(pause: float) -> list[tuple[bytes, float]]:
    """Right, blank, half right, and one that ends its process; all but the blank one sleep a little first."""
    right = nbformat.reads(hand_in(toy.source()).decode(), as_version=4)
    cells = {cell.id: cell for cell in right.cells}
    cells["double"].source = f"import time\ntime.sleep({pause})\n{cells['double'].source}"
    data = nbformat.writes(right).encode()
    blank = nbformat.writes(student_version(toy.source())).encode()
    return [
        (data, 10.0),
        (blank, 0.0),
        (data.replace(b"x + x", b"abs(x) * 2"), 7.0),
        (data.replace(b"return x * x * 1", b"__import__('os')._exit(3)"), 4.0),
    ]


def course_kinds(assignment: str) -> list[tuple[bytes, float]]:
    """Of an assignment of the course: the right answers, the reference, and as it was handed out."""
    source = Course(REPOSITORY, REPOSITORY).source(assignment)
    folder = REPOSITORY / "autograder" / "answers" / assignment / "right"
    styles = [hand_in(source, read_answers(path)) for path in sorted(folder.glob("*.py")) if path.stem != "loops"]
    points = sum(c.metadata.nbgrader.points for c in source.cells if _is_test(c))
    blank = nbformat.writes(student_version(source)).encode()
    return [(hand_in(source), points), (blank, 0.0), *((data, points) for data in styles)]


def _is_test(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.metadata.get("nbgrader", {}).get("grade"))


def make_class(place: Path, students: int, assignment: str = "", pause: float = 0.2) -> Class:
    """A class in ``place``: every twelfth member was graded before, marked by hand, and has handed in anew."""
    if assignment:
        root, kinds = REPOSITORY, course_kinds(assignment)
    else:
        root, kinds = toy.make_course(place / "repository").root, toy_kinds(pause)
    made = Class(root, assignment or toy.NAME, place / "class")
    course = made.course(made.folder)
    made.folder.mkdir()

    def put(student: str, data: bytes) -> None:
        folder = course.submitted / student / made.assignment
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{made.assignment}.ipynb").write_bytes(data)

    blank = kinds[1][0]
    for i in range(0, students, 12):
        made.marked.append(f"s{i:03}")
        put(made.marked[-1], blank)
    batch.grade(course, made.assignment, walls=find_walls() is None, progress=False)
    with gradebook.open_gradebook(course) as book:
        for student in made.marked:
            grade = book.find_submission_notebook(made.assignment, made.assignment, student).grades[0]
            grade.manual_score = BY_HAND[0]
            book.find_submission_notebook(made.assignment, made.assignment, student).comments[
                0
            ].manual_comment = BY_HAND[1]
        book.db.commit()
    for i in range(students):
        data, made.deserved[f"s{i:03}"] = kinds[i % len(kinds)]
        put(f"s{i:03}", data)
    return made


# --- processes -------------------------------------------------------------------------------------------------------


def _stat(pid: int) -> tuple[int, str, str] | None:
    """(parent, start time, state) of a process, None if there is none."""
    try:
        after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(after[1]), after[19], after[0]


def _is_wall(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "bwrap"
    except OSError:
        return False


def family(ancestor: int) -> dict[tuple[int, str], str]:
    """The living descendants of a process, as (pid, start time), and what each is: a worker, or part of a room."""
    parents = {int(p.name): s for p in Path("/proc").iterdir() if p.name.isdigit() and (s := _stat(int(p.name)))}
    children: dict[int, list[int]] = {}
    for pid, (parent, _, state) in parents.items():
        if state not in "ZX":
            children.setdefault(parent, []).append(pid)
    found = {}
    ahead = [(pid, "worker") for pid in children.get(ancestor, [])]
    while ahead:
        pid, kind = ahead.pop()
        kind = "room" if kind == "room" or _is_wall(pid) else "worker"
        found[pid, parents[pid][1]] = kind
        ahead += [(child, kind) for child in children.get(pid, [])]
    return found


def alive(process: tuple[int, str]) -> bool:
    now = _stat(process[0])
    return now is not None and now[1] == process[1] and now[2] not in "ZX"


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it was quicker
        os.kill(pid, signal.SIGKILL)


# --- one moment ------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What one blow did: ``faults`` is empty where it did no harm."""

    victim: str
    moment: float
    done: int = 0  # hand-ins whose verdict was on file when the first run had ended
    first: float = 0.0  # seconds that the first run took
    ended: float = 0.0  # seconds from its end until the last of its processes was gone
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        said = "; ".join(self.faults) or "every mark once and right"
        return (
            f"{self.victim:<7} killed after {self.moment:5.2f} of {self.first:5.2f} s, {self.done:3} done, "
            f"the last process gone {self.ended:4.2f} s later: {said}"
        )


def start(made: Class, folder: Path, jobs: int) -> subprocess.Popen[bytes]:
    walls = "none" if find_walls() else "walls"
    command = [sys.executable, "-c", GRADER, str(ROOT), str(made.root), str(folder), made.assignment, walls, str(jobs)]
    environment = {**os.environ, "TMPDIR": str(folder.parent / "tmp")}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def strike(made: Class, place: Path, victim: str, moment: float, rng: random.Random, jobs: int = 2) -> Outcome:
    """Start grading a copy of the class, kill -9 the victim ``moment`` seconds later, run again, and look."""
    outcome = Outcome(victim, moment)
    place.mkdir(parents=True)
    (place / "tmp").mkdir()
    folder = place / "course"
    shutil.copytree(made.folder, folder)
    begun = time.monotonic()
    first = start(made, folder, jobs)
    seen = _watch_and_kill(first, victim, begun + moment, rng)
    said = first.communicate()[1].decode(errors="replace")
    outcome.first = time.monotonic() - begun
    outcome.ended = _wait_for_the_end(seen, outcome)
    done = {path: path.stat().st_mtime_ns for path in _finished(made, folder)}
    outcome.done = len(done)
    again = start(made, folder, jobs)
    seen = _watch_and_kill(again, "", 0.0, rng)
    said = again.communicate()[1].decode(errors="replace") or said
    _wait_for_the_end(seen, outcome)
    if again.returncode:
        outcome.faults.append(f"the second run ended with {again.returncode}: {' '.join(said.split())[-300:]}")
    outcome.faults += [f"{p.stem} was graded twice" for p, when in done.items() if p.stat().st_mtime_ns != when]
    outcome.faults += faults(made, folder)
    return outcome


def _watch_and_kill(
    grader: subprocess.Popen[bytes], victim: str, when: float, rng: random.Random
) -> set[tuple[int, str]]:
    """Follow a run to its end, with one blow on the way; every process that was seen to belong to it."""
    seen: set[tuple[int, str]] = set()
    while grader.poll() is None:
        now = family(grader.pid)
        seen |= now.keys()
        if victim and time.monotonic() >= when:
            targets = [grader.pid] if victim == "grader" else [pid for (pid, _), kind in now.items() if kind == victim]
            if targets:
                _kill(rng.choice(sorted(targets)))
                victim = ""
        time.sleep(0.03)
    return seen


def _wait_for_the_end(seen: set[tuple[int, str]], outcome: Outcome) -> float:
    """Seconds until all that belonged to a run is gone; what is not after a while is a fault, and is killed."""
    begun = time.monotonic()
    while (left := [process for process in seen if alive(process)]) and time.monotonic() < begun + GONE:
        time.sleep(0.05)
    for process in left:
        outcome.faults.append(f"process {process[0]} is still there after {GONE} s")
        _kill(process[0])
    return time.monotonic() - begun


def _finished(made: Class, folder: Path) -> list[Path]:
    """Files of verdicts on the hand-ins as they are now, well ended."""
    found = []
    for path in (folder / "results" / made.assignment).glob("*.json"):
        verdict = Verdict.from_json(path.read_text())
        if not batch.failed(verdict) and (verdict.student not in made.marked or verdict.earned):
            found.append(path)
    return found


def faults(made: Class, folder: Path) -> list[str]:
    """What is lost, wrong, doubled or half-written after the second run."""
    course = made.course(folder)
    found = [f"{path.relative_to(folder)} is left over" for path in folder.rglob("*.new")]
    found += [f"{path.name} is left over" for path in folder.glob("gradebook.db-*")]
    verdicts = batch.results(course, made.assignment)
    if (on_file := {v.student: v.earned for v in verdicts}) != made.deserved or len(verdicts) != len(made.deserved):
        wrong = {s: (on_file.get(s), mark) for s, mark in made.deserved.items() if on_file.get(s) != mark}
        found.append(f"verdicts differ (found, deserved): {wrong}; {_what_they_say(verdicts, set(wrong))}")
    if (recorded := gradebook.recorded_marks(course, made.assignment)) != made.deserved:
        found.append(f"the gradebook differs: {set(recorded.items()) ^ set(made.deserved.items())}")
    with sqlite3.connect(course.gradebook) as database:
        if (said := database.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
            found.append(f"the gradebook is damaged: {said}")
        number = database.execute("SELECT count(*) FROM submitted_assignment").fetchone()[0]
    database.close()
    if number != len(made.deserved):
        found.append(f"{number} submissions for {len(made.deserved)} students")
    with gradebook.open_gradebook(course) as book:
        for student in made.marked:
            notebook = book.find_submission_notebook(made.assignment, made.assignment, student)
            kept = [g.manual_score for g in notebook.grades if g.manual_score is not None]
            said = [c.manual_comment for c in notebook.comments if c.manual_comment]
            if (kept, said) != ([BY_HAND[0]], [BY_HAND[1]]):
                found.append(f"marks by hand of {student} are {kept}, {said}")
    for student in made.deserved:
        nbformat.read(course.autograded / student / made.assignment / f"{made.assignment}.ipynb", as_version=4)
    return found


def _what_they_say(verdicts: list[Verdict], students: set[str]) -> str:
    """Why these verdicts are what they are."""
    said = []
    for verdict in (v for v in verdicts if v.student in students):
        lost = [check.message for exercise in verdict.exercises for check in exercise.checks if not check.passed]
        said.append(f"{verdict.student}: {[*verdict.problems, *(e.note for e in verdict.exercises if e.note), *lost]}")
    return "; ".join(said)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--victims", nargs="+", choices=VICTIMS, default=VICTIMS, help="whom to kill, in turn")
    parser.add_argument("--assignment", default="", help="of the course, in place of the toy")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"seed {options.seed}, {options.students} hand-ins of {options.assignment or toy.NAME}, {options.jobs} jobs")
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        place = Path(scratch)
        made = make_class(place, options.students, options.assignment)
        calm = strike(made, place / "calm", "", 0.0, rng, options.jobs)
        print(f"undisturbed: {calm.first:.1f} s; {'; '.join(calm.faults) or 'every mark once and right'}", flush=True)
        bad = bool(calm.faults)
        for i in range(options.moments):
            victim = options.victims[i % len(options.victims)]
            moment = rng.uniform(0.5, calm.first)
            outcome = strike(made, place / f"moment{i}", victim, moment, rng, options.jobs)
            print(outcome.line(), flush=True)
            bad = bad or bool(outcome.faults)
            shutil.rmtree(place / f"moment{i}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
