"""How fast a class is graded, side by side with stock nbgrader in one run: trivial hand-ins and full ones.

Run from anywhere: ``python bench/grading.py [--blank 40] [--full 20] [--repeat 3]``. Ours runs within walls where they
stand; stock nbgrader with its own default steps, the hidden tests inside the notebook, a new kernel for each hand-in,
and no walls. The runs alternate; medians are printed, start-up included, and the marks of both are compared.
CPU seconds count all processes of a run (nan where no control group can be had to count them). Beside them: the same
cells and checks bare in one process, imports apart.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402

from autograder.classroom import batch  # noqa: E402
from autograder.course import CODE_STUB, TEXT_STUB, Course  # noqa: E402
from autograder.exam.walls import find_walls  # noqa: E402
from autograder.proof.answers import hand_in, read_answers  # noqa: E402

ASSIGNMENT = "a2_layers"
ANSWERS = ROOT / "autograder" / "answers" / ASSIGNMENT / "right"
STYLES = ("im2col", "einsum", "layer_objects")  # and the reference; plain loops would time the loops

STOCK = f"""
c = get_config()
c.ClearSolutions.code_stub = {{"python": {CODE_STUB!r}}}
c.ClearSolutions.text_stub = {TEXT_STUB!r}
"""

BARE = """
import contextlib, io, resource, sys
sys.path.insert(0, sys.argv[1])
import nbformat, torch
from pathlib import Path
from autograder.course import Course
from autograder.exam import notebook
root, assignment = Path(sys.argv[1]), sys.argv[2]
source = Course(root, root).source(assignment)
def run(data):
    names = {"__name__": "bare"}
    for cell in notebook.read(source, data).notebook.cells:
        if cell.cell_type == "code":
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.source, cell.id, "exec"), names)
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
hand_ins = [Path(path).read_bytes() for path in sys.argv[3:]]
run(hand_ins[0])  # what is imported is imported now
start = cpu()
for data in hand_ins:
    run(data)
print((cpu() - start) / len(hand_ins))
"""


@dataclass
class Runs:
    """What the runs of one grader over one class took, and the marks that it gave."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    marks: dict[str, float] = field(default_factory=dict)


def make_classes(place: Path, blank: int, full: int) -> dict[str, Path]:
    """Two folders as ``submitted/`` has them. No two hand-ins are the same bytes."""
    source = Course(ROOT, ROOT).source(ASSIGNMENT)
    right = [hand_in(source), *(hand_in(source, read_answers(ANSWERS / f"{style}.py")) for style in STYLES)]
    classes = {"blank": (blank, [hand_in(source, blank=True)]), "full": (full, right)}
    for name, (number, kinds) in classes.items():
        for i in range(number):
            notebook = nbformat.reads(kinds[i % len(kinds)].decode(), as_version=4)
            notebook.cells.append(nbformat.v4.new_markdown_cell(f"Handed in by no. {i}.", id="signature"))
            folder = place / name / f"{name}{i:02}" / ASSIGNMENT
            folder.mkdir(parents=True)
            nbformat.write(notebook, folder / f"{ASSIGNMENT}.ipynb")
    return {name: place / name for name, (number, _) in classes.items() if number}


# --- the two graders -------------------------------------------------------------------------------------------------


def environment(place: Path) -> dict[str, str]:
    """Nobody's own settings; nbgrader calls programs of its own by their bare names, kernels import ``convnets``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "NBGRADER"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    home = {"HOME": str(place), "IPYTHONDIR": str(place / "ipython"), "XDG_CONFIG_HOME": str(place / "config")}
    return {**kept, **home, "PATH": path, "PYTHONPATH": str(ROOT)}


def prepare_stock(place: Path) -> Path:
    """A course of stock nbgrader's own, its gradebook knowing the assignment; copied for each run."""
    course = place / "stock"
    shutil.copytree(Course(ROOT, ROOT).solutions / ASSIGNMENT, course / "source" / ASSIGNMENT)
    (course / "nbgrader_config.py").write_text(STOCK)
    _run([sys.executable, "-m", "nbgrader", "generate_assignment", ASSIGNMENT, "--create"], course, environment(place))
    return course


def grade_stock(prepared: Path, submitted: Path, place: Path, runs: Runs) -> None:
    course = place / "course"
    shutil.copytree(prepared, course)
    shutil.copytree(submitted, course / "submitted")
    _timed([sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT], course, environment(place), runs)
    with sqlite3.connect(course / "gradebook.db") as database:
        found = database.execute(
            "SELECT student_id, sum(auto_score) FROM grade JOIN submitted_notebook n ON n.id = grade.notebook_id "
            "JOIN submitted_assignment a ON a.id = n.assignment_id GROUP BY student_id"
        ).fetchall()
    database.close()
    runs.marks = {student: round(mark or 0.0, 6) for student, mark in found}


def grade_ours(submitted: Path, place: Path, jobs: int, runs: Runs) -> None:
    course = Course(ROOT, place / "course")
    shutil.copytree(submitted, course.submitted)
    command = [sys.executable, "-m", "autograder", "--course", str(course.folder), "grade", ASSIGNMENT]
    command += ["--jobs", str(jobs), *(["--no-walls"] if find_walls() else [])]
    _timed(command, ROOT, environment(place), runs)
    runs.marks = {verdict.student: verdict.earned for verdict in batch.results(course, ASSIGNMENT)}


def bare_cpu(submitted: Path, place: Path) -> float:
    """CPU seconds a hand-in of the same cells and checks in one process, nothing around them."""
    paths = sorted(map(str, submitted.glob("*/*/*.ipynb")))
    return float(_run([sys.executable, "-c", BARE, str(ROOT), ASSIGNMENT, *paths], ROOT, environment(place)))


def _timed(command: list[str], folder: Path, env: dict[str, str], runs: Runs) -> None:
    with cpu_account() as account:
        if account is not None:
            command = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(account / "cgroup.procs"), *command]
        start = time.monotonic()
        _run(command, folder, env)
        runs.wall.append(time.monotonic() - start)
        runs.cpu.append(_used(account) if account is not None else math.nan)


def _run(command: list[str], folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


@contextmanager
def cpu_account() -> Iterator[Path | None]:
    """A control group that counts the CPU seconds of all processes that begin in it; None where none can be had.

    What the kernel adds up for a parent leaves out children that nobody waited for, and ours waits for few.
    """
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    places = [Path(f"/sys/fs/cgroup{own.get('', '/')}"), *(Path(f"/sys/fs/cgroup/{name}") for name in own if name)]
    for place in places:
        account = place / f"bench-{os.getpid()}"
        try:
            account.mkdir()
            _used(account)
            (account / "cgroup.procs").open("a").close()
        except OSError:
            with suppress(OSError):
                account.rmdir()
            continue
        try:
            yield account
        finally:
            for _ in range(100):  # the last processes may be on their way out
                with suppress(OSError):
                    account.rmdir()
                    break
                time.sleep(0.1)
        return
    yield None


def _used(account: Path) -> float:
    """CPU seconds so far. Raises OSError where the group does not count them."""
    if (account / "cpuacct.usage").exists():
        return int((account / "cpuacct.usage").read_text()) / 1e9
    return int((account / "cpu.stat").read_text().split()[1]) / 1e6


# --- side by side ----------------------------------------------------------------------------------------------------


def compare(classes: dict[str, Path], place: Path, repeat: int, jobs: int) -> bool:
    """Grade each class ``repeat`` times by both in turn, print what it took; whether all marks agree."""
    prepared = prepare_stock(place)
    same = True
    print(f"{'':<12} {'':<14} {'seconds':>8} {'a minute':>9} {'CPU s each':>11}")
    for name, submitted in classes.items():
        number = len(list(submitted.iterdir()))
        stock, ours = Runs(), Runs()
        graders: list[Callable[[Path], None]] = [
            lambda scratch, submitted=submitted, runs=stock: grade_stock(prepared, submitted, scratch, runs),
            lambda scratch, submitted=submitted, runs=ours: grade_ours(submitted, scratch, jobs, runs),
        ]
        for _ in range(repeat):
            for grader in graders:
                with tempfile.TemporaryDirectory(dir=place) as scratch:
                    grader(Path(scratch))
        for label, runs in (("stock", stock), ("ours", ours)):
            wall, cpu = statistics.median(runs.wall), statistics.median(runs.cpu)
            row = f"{label:<14} {wall:8.1f} {60 * number / wall:9.1f} {cpu / number:11.2f}"
            print(f"{f'{number} {name}' if runs is stock else '':<12} {row}", flush=True)
        print(f"{'':<12} {'bare':<14} {'':>8} {'':>9} {bare_cpu(submitted, place):11.2f}")
        ratio = statistics.median(stock.wall) / statistics.median(ours.wall)
        differ = {
            student for student in stock.marks | ours.marks if stock.marks.get(student) != ours.marks.get(student)
        }
        same = same and not differ
        verdict = f"other marks for {', '.join(sorted(differ))}" if differ else f"same marks: {_spread(ours.marks)}"
        print(f"{'':<12} ratio {ratio:.1f}, {verdict}", flush=True)
    return same


def _spread(marks: dict[str, float]) -> str:
    return " to ".join(f"{mark:g}" for mark in sorted({min(marks.values()), max(marks.values())}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blank", type=int, default=40, help="hand-ins as they were handed out")
    parser.add_argument("--full", type=int, default=20, help="hand-ins with every exercise done")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="ours: hand-ins at a time")
    options = parser.parse_args()
    walls = find_walls() or "bubblewrap"
    print(f"{ASSIGNMENT}: stock nbgrader {version('nbgrader')} without walls, ours with {options.jobs} jobs")
    print(f"(walls: {walls}), median of {options.repeat}")
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        place = Path(scratch)
        classes = make_classes(place / "classes", options.blank, options.full)
        return 0 if compare(classes, place, options.repeat, options.jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
