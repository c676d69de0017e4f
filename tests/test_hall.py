"""The hall: what it promises a batch, whatever is killed and whatever a hand-in does to its examination."""

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
import toy_course

from autograder.exam import hall
from autograder.exam.hall import GraderFailed, Hall
from autograder.proof.answers import Answer, hand_in

ROOT = Path(__file__).resolve().parent.parent


def answers(double: str, square: str = "def square(x): return x * x") -> bytes:
    cells = {"double": double, "square": square}
    return hand_in(toy_course.source(), [Answer(name, "", code, Path("x"), 1) for name, code in cells.items()])


RIGHT = answers("def double(x): return 2 * x")
WHO = {"student": "s", "assignment": toy_course.NAME}


@pytest.fixture(scope="module")
def open_hall():
    with Hall(toy_course.source()) as opened:
        yield opened


def others(parent: int) -> list[psutil.Process]:
    return psutil.Process(parent).children(recursive=True)


def test_many_threads_get_each_their_own_verdict(open_hall):
    got: dict[int, float] = {}
    hand_ins = [RIGHT, answers("def double(x): return x"), b"no notebook", None]

    def one(number: int) -> None:
        got[number] = open_hall.examine(hand_ins[number % 4], **WHO)[0].earned

    threads = [threading.Thread(target=one, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert got == {number: [10, 6, 0, 0][number % 4] for number in range(12)}


def test_files_lie_beside_the_notebook(tmp_path):
    (tmp_path / "numbers.txt").write_text("1 2 3")
    code = """
def double(x):
    assert open("numbers.txt").read() == "1 2 3"
    try:
        open("numbers.txt", "a")
        return None
    except OSError:
        return len(open("weights.bin", "rb").read()) * x"""
    with Hall(toy_course.source(), shipped=tmp_path) as opened:
        assert opened.examine(answers(code), files={"weights.bin": b"12"}, **WHO)[0].earned == 10
        assert opened.examine(answers(code), files={"weights.bin": b"123"}, **WHO)[0].earned == 6


def test_one_hand_in_leaves_nothing_for_the_next(open_hall):
    leaving = """
import multiprocessing.shared_memory, os
open("/tmp/left", "w").write("4")
open("/dev/shm/left", "w").write("4")
if os.fork() == 0:
    import time
    time.sleep(600)
def double(x): return 2 * x"""
    looking = """
import os, sys
def double(x):
    seen = [name for name in os.listdir("/tmp") if not sys.prefix.startswith(f"/tmp/{name}/")]  # Python may lie there
    seen += os.listdir("/dev/shm") + [p for p in os.listdir("/proc") if p.isdigit()]
    return 2 * x if len(seen) == 3 else seen  # process 1, the one that keeps the cells, and this one"""
    assert open_hall.examine(answers(leaving), **WHO)[0].earned == 10
    assert open_hall.examine(answers(looking), **WHO)[0].earned == 10


def test_an_examination_that_takes_too_much_costs_its_own_marks_only(open_hall, monkeypatch):
    greedy = "import numpy as np\ndef double(x): return [np.zeros(25 * 2**20) for _ in range(1)]"
    held = "import numpy as np\nclass Box: pass\nbox = Box()\n" + "def double(x): return np.zeros(30 * 2**20)"
    for code in (greedy, held):  # 200 MB and more come back: within bounds, wrong, and no trouble
        verdict, _ = open_hall.examine(answers(code), **WHO)
        assert verdict.earned == 6, verdict.to_json()
    assert open_hall.examine(RIGHT, **WHO)[0].earned == 10


def test_an_examiner_without_memory_or_time_says_so(monkeypatch):
    source = toy_course.source()
    source.cells[3].source = source.cells[3].source.replace(
        "assert_close(double(2)", "import numpy as np; hoard = np.ones(2**30)\n    assert_close(double(2)"
    )
    with Hall(source) as opened:
        verdict, _ = opened.examine(RIGHT, **WHO)
        assert "MemoryError" in verdict.exercises[0].checks[0].message
        assert verdict.exercises[1].earned == 6
    source.metadata["convnets"] = {"total_seconds": 1}
    source.cells[3].source = "while True: pass\n" + source.cells[3].source
    monkeypatch.setattr(hall, "GRACE_SECONDS", 1)
    with Hall(source) as opened:
        started = time.monotonic()
        verdict, clean = opened.examine(RIGHT, **WHO)
        assert time.monotonic() - started < 60
        assert verdict.earned == 0
        assert verdict.points == 10
        assert verdict.look == ["the examination was stopped: the hand-in made it take too long"]
        assert "twice_as_much" in str(source) and "twice_as_much" not in str(clean)


SLEEPS = answers("import time\ndef double(x):\n    time.sleep(4)\n    return 2 * x")


def kill_while_it_runs(opened: Hall, which) -> list:
    """Kill a process of the hall while a hand-in is examined; what came of that."""
    came: list = []

    def one() -> None:
        try:
            came.append(opened.examine(SLEEPS, **WHO)[0])
        except GraderFailed as failed:
            came.append(failed)

    thread = threading.Thread(target=one)
    thread.start()
    time.sleep(1.5)
    for process in which(others(opened._examiner.pid)):
        process.kill()
    thread.join(60)
    assert not thread.is_alive()
    return came


def in_the_building(processes):
    inside = [p for p in processes if p.name().startswith("python") and "forkserver" in " ".join(p.cmdline())]
    return sorted(inside, key=lambda p: p.pid)


def building(processes):
    return in_the_building(processes)[:1]


def examinations(processes):
    return [p for p in processes if "autograder.exam.hall" in p.cmdline()]


def sleeping_branch(processes):
    return in_the_building(processes)[-1:]


def test_what_is_killed_from_outside_is_never_the_students_fault():
    with Hall(toy_course.source()) as opened:
        opened.examine(RIGHT, **WHO)
        assert isinstance(*kill_while_it_runs(opened, building), GraderFailed)
        assert opened.examine(RIGHT, **WHO)[0].earned == 10
        verdict = kill_while_it_runs(opened, examinations)[0]
        assert verdict.earned == 10, "one killed examination is tried again"
        assert isinstance(*kill_while_it_runs(opened, lambda _: [psutil.Process(opened._examiner.pid)]), GraderFailed)
        assert opened.examine(RIGHT, **WHO)[0].earned == 10
        verdict = kill_while_it_runs(opened, sleeping_branch)[0]
        assert verdict.earned == 10, "one killed process is tried again"


def test_killing_itself_is_the_students_own_doing(open_hall):
    verdict, _ = open_hall.examine(answers("import os\ndef double(x): os.kill(os.getpid(), 9)"), **WHO)
    assert verdict.earned == 6
    assert "signal SIGKILL" in verdict.exercises[0].checks[0].message


def test_nothing_outlives_whoever_had_the_hall(tmp_path):
    code = f"""
        import sys, threading
        sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
        import test_hall
        opened = test_hall.Hall(test_hall.toy_course.source())
        loops = test_hall.answers("import os\\nos.fork()\\nos.setsid()\\ndef double(x):\\n    while True: pass")
        for _ in range(2):
            threading.Thread(target=opened.examine, args=[loops], kwargs=test_hall.WHO).start()
    """
    grader = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    end = time.monotonic() + 60  # a bound on waiting, generous since machines are busy
    while len(processes := others(grader.pid)) <= 6 and time.monotonic() < end:
        time.sleep(0.5)
    assert len(processes) > 6, processes
    time.sleep(1)
    processes = others(grader.pid)
    grader.kill()
    grader.wait()
    _, alive = psutil.wait_procs(processes, timeout=15)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE], alive


def test_a_hall_that_cannot_open_says_why(monkeypatch):
    monkeypatch.setattr(hall.sys, "executable", "/bin/false")
    with Hall(toy_course.source()) as opened, pytest.raises(GraderFailed, match="the examiner"):
        opened.examine(RIGHT, **WHO)
    source = toy_course.source()
    source.metadata["convnets"] = {"modules": ["nope"]}
    with pytest.raises(ValueError, match="convnets has no module 'nope'"):
        Hall(source)


def test_closing_ends_everything():
    opened = Hall(toy_course.source())
    opened.examine(RIGHT, **WHO)
    examiner = psutil.Process(opened._examiner.pid)
    processes = [examiner, *examiner.children(recursive=True)]  # told now: without it they have other parents
    assert len(processes) > 3
    opened.close()
    opened.close()
    _, alive = psutil.wait_procs(processes, timeout=15)
    assert not alive
