"""One hand-in under examination: honest ones get their marks, hostile ones get what their honest code deserves."""

import json
import random
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.exam import examiner, notebook
from autograder.exam.examiner import examine
from autograder.exam.room import Building, GraderFailed, Room, RoomLost
from autograder.exam.walls import Settings, find_walls

SECRET = 424242  # stands in the hidden test: must never be seen in the room

SETUP = """
import numpy as np
from convnets.checks import Exercise, assert_close, raises, unchanged

def through_a_helper(x):
    return double(x) + 1
"""

TEST_DOUBLE = f"""
double_ = Exercise("double", points=5)
with double_.check("an example", points=1, hint=("twice", "two times")):
    assert_close(double(np.arange(3.0)), [0, 2, 4], "double(x)", likely={{"looks like a square": [0, 1, 4]}})
with double_.check("its input is left alone", points=1) as t:
    x = t.rng.normal(size=3)
    with unchanged(x=x):
        double(x)
### BEGIN HIDDEN TESTS
with double_.check("through a locked helper", points=1, seconds=2):
    assert through_a_helper(2) == 5
with double_.check("a secret number", points=1, hint="any number", seconds=2):
    assert_close(double(np.array({SECRET / 2})), {SECRET}, "double")
with double_.check("a wrong kind", points=1, seconds=2):
    with raises(TypeError, "x is None"):
        double(None)
### END HIDDEN TESTS
double_.score()
"""

TEST_NAME = """
name = Exercise("name", points=2)
with name.check("random numbers are the same on both sides", points=1) as t:
    assert_close(draw(), np.random.normal(), "draw()")
with name.check("an object", points=1):
    box = Box(3)
    assert isinstance(box, Box)
    assert box.value == 3
    box.value = 4
    assert [float(v) for v in box] == [4.0, 4.0]
name.score()
"""

DOUBLE = "def double(x):\n    return x * 2 if x is not None else None * 2"
NAME = """def draw():
    return np.random.normal()
class Box:
    def __init__(self, value): self.value = value
    def __iter__(self): yield self.value; yield self.value
"""


def _cell(grade_id, source, **role):
    meta = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return new_code_cell(source, id=grade_id, metadata={"nbgrader": meta | {"grade_id": grade_id} | role})


@pytest.fixture(scope="module")
def source():
    cells = [
        new_markdown_cell("# Toy"),
        _cell("setup", SETUP, locked=True),
        _cell(
            "double", "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", solution=True
        ),
        _cell("test_double", TEST_DOUBLE, grade=True, locked=True, points=5),
        _cell("name", "### BEGIN SOLUTION\n### END SOLUTION", solution=True),
        _cell("test_name", TEST_NAME, grade=True, locked=True, points=2),
    ]
    settings = {"hidden_packages": ["torch"], "cell_seconds": 3}
    return new_notebook(cells=cells, metadata={"convnets": settings})


def handin(source, double=DOUBLE, name=NAME, spoil=lambda cells: cells):
    """A hand-in with these answers. ``spoil`` may change its list of cells in any way."""
    cells = json.loads(json.dumps(source))["cells"]
    for cell in cells:
        answer = {"double": double, "name": name}.get(cell["id"])
        if answer is not None:
            cell["source"] = answer
        elif "test" in cell["id"]:
            cell["source"] = re.sub(r"(?s)### BEGIN HIDDEN.*END HIDDEN TESTS\n", "", cell["source"])
    return json.dumps({"cells": spoil(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def marks(source, *args, **kwargs):
    verdict, clean = examine(source, handin(source, *args, **kwargs), student="s", assignment="toy")
    nbformat.validate(clean)
    return verdict


def test_a_right_hand_in_gets_full_marks(source):
    verdict = marks(source)
    assert [e.earned for e in verdict.exercises] == [5, 2], verdict.to_json()
    assert verdict.problems == []
    assert [c.hidden for c in verdict.exercises[0].checks] == [False, False, True, True, True]
    assert type(verdict).from_json(verdict.to_json()) == verdict


def test_the_same_hand_in_gets_the_same_mark_and_digest(source):
    first, second = marks(source), marks(source)
    assert first.exercises == second.exercises
    assert first.digest == second.digest
    assert first.digest != marks(source, name=NAME + "#").digest


def test_a_wrong_answer_says_what_is_wrong(source):
    verdict = marks(source, double="def double(x):\n    return x ** 2", name="def draw(): return 1 / 0")
    first, untouched, *_ = verdict.exercises[0].checks
    assert first.message == "double(x)[1] is 1, expected 2: looks like a square"
    assert first.hints == ["twice", "two times"]
    assert untouched.passed
    said = verdict.exercises[1].checks[0].message
    assert said.startswith("ZeroDivisionError: division by zero (line 1 of the cell name)")
    assert "Box is not defined" in verdict.exercises[1].checks[1].message


def test_only_and_stop_at_first_failure(source):
    bytes_ = handin(source, double="")
    verdict, _ = examine(source, bytes_, student="s", assignment="toy", only={"name"})
    assert [e.grade_id for e in verdict.exercises] == ["test_name"]
    verdict, _ = examine(source, bytes_, student="s", assignment="toy", stop_at_first_failure=True)
    assert [e.grade_id for e in verdict.exercises] == ["test_double"]


LOST = {
    "a cell that ends the process": ("import os; os._exit(0)", "ended its own process (exit code 0)"),
    "a cell that never ends": ("while True: pass", "did not end within 3 s"),
    "a cell that swallows interrupts": (
        "import signal; [signal.signal(s, signal.SIG_IGN) for s in (2, 15)]\nwhile True: pass",
        "did not end within 3 s",
    ),
    "a cell that prints for ever": ("while True: print('x' * 10_000)", "did not end within 3 s"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
    "killing every process in sight": ("import os, signal; os.kill(-1, signal.SIGKILL)", "not permitted"),
    "killing the parent": ("import os, signal; os.kill(os.getppid(), signal.SIGKILL)", "not permitted"),
    "killing the parent's group": ("import os, signal; os.killpg(os.getppid(), signal.SIGKILL)", "not permitted"),
    "killing itself": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
    "talking on the wire": (
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\xff' * 64)\n    except OSError: pass",
        "nonsense",
    ),
    "closing the wire": ("import os; os.closerange(3, 64)", "ended its own process"),
}


@pytest.mark.parametrize(("cell", "reason"), LOST.values(), ids=LOST.keys())
def test_a_lost_room_costs_the_cell_that_lost_it_and_nothing_else(source, cell, reason):
    verdict = marks(source, double=cell)
    assert [e.earned for e in verdict.exercises] == [0, 2], verdict.to_json()
    assert reason in verdict.problems[0]
    assert verdict.seconds < 60  # a bound on hanging: generous, since machines are busy


def test_a_function_that_hangs_or_crashes_costs_its_own_checks(source):
    slow = "def double(x):\n    while x is None or np.size(x) == 1: pass\n    return 2 * x"
    verdict = marks(source, double=slow)
    assert [c.passed for c in verdict.exercises[0].checks] == [True, True, False, False, False]
    assert verdict.exercises[1].earned == 2
    assert "twice before" in verdict.exercises[0].checks[4].message
    verdict = marks(
        source, double="import os\ndef double(x):\n    os._exit(9) if x is None else None\n    return 2 * x"
    )
    assert [c.passed for c in verdict.exercises[0].checks] == [True, True, True, True, False]
    assert "exit code 9" in verdict.exercises[0].checks[4].message


BOUNDED = {
    "a 100 GB array": ("big = np.ones(10**11 // 8)", "MemoryError"),
    "forks without end": (
        "import os\nimport time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(60)",
        "BlockingIOError",
    ),
    "a full disk": ("f = open('/tmp/f', 'wb')\nwhile True: f.write(b'0' * 2**20)", "OSError"),
    "the network": ("import socket; socket.create_connection(('127.0.0.1', 22), 2)", "Error"),
    "another file": ("open('/etc/passwd')", "FileNotFoundError"),
    "a file in Python's own folder": ("import os; open(os.__file__, 'a')", "Errno"),
    "torch": ("import torch", "not available in this assignment"),
    "torch, past the import hook": ("import sys; del sys.meta_path[0]\nimport torch; torch.nn", "no attribute"),
    "the grader": ("import autograder.exam.examiner", "ModuleNotFoundError"),
    "the rest of convnets": ("import convnets.convolution", "ModuleNotFoundError"),
}


@pytest.mark.parametrize(("cell", "error"), BOUNDED.values(), ids=BOUNDED.keys())
def test_what_a_room_does_not_give(source, cell, error):
    verdict = marks(source, double=f"{cell}\n", spoil=lambda cells: cells)
    assert verdict.exercises[0].earned == 0
    assert verdict.exercises[1].earned == 2
    assert error in verdict.problems[0], verdict.problems


CHEATS = {
    "numpy's testing replaced": "np.testing.assert_allclose = np.allclose = lambda *a, **k: True",
    "the checks replaced": "import convnets.checks as c\n"
    "c.assert_close = lambda *a, **k: None\nassert_close = c.assert_close\n"
    "c.Exercise.score = lambda self: 5\nclass Exercise: pass",
    "an object that equals everything": "class Any:\n    __eq__ = __lt__ = __le__ = lambda s, o: True\n"
    "    __array__ = None\n    __len__ = lambda s: 3\n    shape = (3,)\ndef double(x): return Any()",
    "the caller's frame read": "import sys, gc\ndef double(x):\n    for f in sys._current_frames().values():\n"
    f"        while f:\n            if '{SECRET}' in repr(f.f_locals): return {SECRET}\n            f = f.f_back\n",
    "an input transformer that empties cells": "get_ipython().input_transformers_cleanup.append(lambda lines: [])",
    "a builtin replaced": "import builtins\nbuiltins.len = builtins.isinstance = lambda *a: True\n",
    "printing a full mark": "print(5.0)\n5.0",
    "the process's own code replaced": "import autograder.exam.inside.student as s, autograder.exam.inside.wire as w\n"
    "w.Peer.describe_error = lambda *a: {'mro': ['CheckFailed'], 'text': '', 'where': '', 'name': ''}",
}


@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS.keys())
def test_a_cheat_earns_nothing_and_spoils_nothing_before_it(source, cheat):
    swap = {2: 4, 4: 2, 3: 5, 5: 3}  # the honest exercise first
    verdict = marks(source, double=cheat, spoil=lambda cells: [cells[swap.get(i, i)] for i in range(6)])
    by_name = {e.grade_id: e for e in verdict.exercises}
    assert by_name["test_name"].earned == 2
    hidden = [c for c in by_name["test_double"].checks if c.hidden]
    assert len(hidden) == 3
    assert not any(c.passed for c in hidden[:2]), verdict.to_json()


def test_nothing_of_a_hidden_test_is_in_the_room(source):
    """Search the process's whole memory for the secret while the hidden test runs."""
    look = """
mark = "word".upper() + str(7 * 11)
def double(x):
    if x is not None and np.ndim(x) == 0 and x != 2:
        for line in open("/proc/self/maps"):
            start, end = (int(v, 16) for v in line.split()[0].split("-"))
            with open("/proc/self/mem", "rb") as memory:
                try:
                    memory.seek(start)
                    backwards = memory.read(end - start)[::-1]  # so that what is looked for is not found in this code
                except (OSError, OverflowError, ValueError):
                    continue
            for text in (b"rebmun terces a", b"NEDDIH NIGEB"):
                if text in backwards:
                    raise KeyError("found " + repr(text))
    return 2 * x if x is not None else None * 2"""
    assert marks(source, double=look).earned == 7
    # and the search does find what is there
    verdict = marks(source, double=look.replace("rebmun terces a", "77DROW"))
    assert "found b'77DROW'" in verdict.exercises[0].checks[3].message


def only_tests(cells):
    return [cell for cell in cells if "test" in cell["id"]]


def no_tests(cells):
    return [cell for cell in cells if "test" not in cell["id"]]


def with_role(cell, **role):
    return cell | {"metadata": {"nbgrader": cell["metadata"].get("nbgrader", {}) | role}}


SPOILERS = {
    "tagged to be skipped": lambda cells: [
        cell | {"metadata": cell["metadata"] | {"tags": ["skip-execution"]}} for cell in cells
    ],
    "tests deleted": no_tests,
    "tests edited": lambda cells: [c | {"source": "5.0"} if c in only_tests(cells) else c for c in cells],
    "points edited": lambda cells: [with_role(c, points=99) if c in only_tests(cells) else c for c in cells],
    "every cell there twice": lambda cells: cells + cells,
    "setup replaced": lambda cells: [c | {"source": "raise SystemExit"} if c["id"] == "setup" else c for c in cells],
    "setup deleted": lambda cells: [c for c in cells if c["id"] != "setup"],
    "unknown schema": lambda cells: [with_role(c, schema_version=77) for c in cells],
    "tests behind all answers": lambda cells: no_tests(cells) + only_tests(cells),
    "markdown in place of code": lambda cells: [c | {"cell_type": "markdown"} for c in cells],
    "source as a list, odd cells between": lambda cells: [
        *[c | {"source": c["source"].splitlines(True)} for c in cells],
        {"cell_type": 7},
        3,
        {"source": None, "metadata": []},
    ],
}


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS.keys())
def test_what_surrounds_right_answers_does_not_matter(source, spoil):
    assert marks(source, spoil=spoil).earned == 7


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS.keys())
def test_what_surrounds_wrong_answers_does_not_matter_either(source, spoil):
    assert marks(source, double="", name="", spoil=spoil).earned == 0


def test_a_missing_answer_and_a_copied_one_are_named(source):
    verdict = marks(source, spoil=lambda cells: [c for c in cells if c["id"] != "double"])
    assert verdict.exercises[0].earned == 0
    assert verdict.exercises[1].earned == 2
    assert "the cell double was missing: nothing in it can be marked" in verdict.problems
    verdict = marks(source, spoil=lambda cells: [*cells, cells[2]])
    assert "the cell double is there twice: the first one counts as the answer" in verdict.problems


NO_NOTEBOOKS = {
    None: "no notebook was handed in",
    b"": "not JSON",
    b"not a notebook": "not JSON (line 1)",
    b"[" * 100_000: "nesting is too deep",
    b"\xc3\x28": "not UTF-8",
    b"[]": "no list of cells",
    b'{"cells": 3}': "no list of cells",
    b'{"worksheets": []}': "format older than 4",
    json.dumps({"cells": [{}] * 2000}).encode(): "2000 cells",
    b" " * (notebook.MAX_BYTES + 1): "MiB",
}


@pytest.mark.parametrize(("data", "reason"), NO_NOTEBOOKS.items(), ids=NO_NOTEBOOKS.values())
def test_what_is_no_notebook_gets_zero_and_a_reason(source, data, reason):
    verdict, clean = examine(source, data, student="s", assignment="toy")
    assert verdict.earned == 0
    assert verdict.points == 7
    assert reason in verdict.problems[0]
    assert "return 2 * x" not in nbformat.writes(clean), "the solution went into what the student gets back"


def test_lone_surrogates_and_markup_survive_as_text(source):
    printing = "\nx = '\\ud800'; print(x, '<script>')"
    verdict = marks(source, double=DOUBLE + printing, name=NAME + printing)
    assert verdict.earned == 7
    assert "<script>" in verdict.outputs["double"]
    assert "name" not in verdict.outputs, "what is printed after a test could tell what the test tried"
    verdict.to_json().encode()


def test_what_a_cell_raises_is_told_but_after_a_test_its_kind_only(source):
    verdict = marks(source, double="raise ValueError('said')", name="raise KeyError('what the test tried')")
    assert verdict.problems == ["the cell double raised ValueError: said", "the cell name raised KeyError"]


def test_a_test_that_breaks_outside_its_checks_is_said(source):
    broken = nbformat.from_dict(json.loads(json.dumps(source)))
    broken.cells[3].source = broken.cells[3].source.replace("### END", "1 / 0\n### END")
    verdict, _ = examine(broken, handin(source), student="s", assignment="toy")
    assert verdict.exercises[0].note.startswith("the test stopped early: ZeroDivisionError: division by zero")


def test_the_total_time_is_bounded(source):
    short = nbformat.from_dict(json.loads(json.dumps(source)))
    short.metadata["convnets"]["total_seconds"] = 2
    verdict, _ = examine(short, handin(source, double="import time; time.sleep(600)"), student="s", assignment="toy")
    assert verdict.earned == 0
    assert verdict.seconds < 60
    assert "used up its 2 s" in verdict.exercises[1].checks[0].message


def test_a_room_that_cannot_be_opened_is_never_the_students_fault(source, monkeypatch):
    monkeypatch.setattr("autograder.exam.room.jail", lambda settings, shipped: ["false"])
    with pytest.raises(GraderFailed, match="the exam room could not be opened"):
        examine(source, handin(source), student="s", assignment="toy")


def test_settings_are_checked():
    with pytest.raises(ValueError, match="unknown room settings in the notebook's metadata: walls"):
        Settings.of({"convnets": {"walls": False}})
    with pytest.raises(ValueError, match="convnets has no module 'nope'"):
        Building(Settings(modules=("nope",)))


def test_without_walls_the_examiner_is_still_outside(source):
    verdict, _ = examine(source, handin(source), student="s", assignment="toy", walls=False)
    assert verdict.earned == 7
    assert verdict.environment["walls"] == "none"
    with Building(Settings(), walls=False) as building, Room(*building.open(), Settings()) as room:
        room.run("import sys; sys.path", "c", 5)
        with pytest.raises(RoomLost, match="exit code 4"):
            room.run("import os; os._exit(4)", "c", 5)


def test_walls_stand_here():
    assert find_walls() is None


def test_a_test_may_hand_over_functions_but_nothing_else_of_its_own():
    with Building(Settings()) as building, Room(*building.open(), Settings()) as room:
        room.run("def f(x): return x(2) if callable(x) else x", "c", 5)
        [[f]] = room.begin_test().request("get", ["f"])
        assert f(lambda v: v + np.float64(0.5)) == 2.5
        with pytest.raises(TypeError, match="can not hand over a module"):
            f(np)
        with pytest.raises(TypeError, match="can not hand over a type"):
            f(Settings)


def test_digest_covers_the_source_and_the_graders_code(source, tmp_path, monkeypatch):
    before = examiner.digest(source, b"x")
    changed = nbformat.from_dict(json.loads(json.dumps(source)))
    changed.cells[3].source += "#"
    assert examiner.digest(changed, b"x") != before
    shutil.copytree(Path(examiner.__file__).parent, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(examiner, "_HERE", tmp_path)
    assert examiner.digest(source, b"x") == before
    (tmp_path / "room.py").write_text("# changed")
    assert examiner.digest(source, b"x") != before


def test_torch_on_both_sides():
    code = "import torch\nclass Net(torch.nn.Linear): pass\nnet = Net(2, 3)\ndef double_(x): return x.mul_(2)"
    with Building(Settings(), ("torch",)) as building, Room(*building.open(), Settings()) as room:
        room.run(f"{code}\ndef noise(): return torch.rand(3)", "c", 20)
        [[net], [double_], [noise]] = room.begin_test().request("get", ["net", "double_", "noise"])
        assert isinstance(net, torch.nn.Module)
        assert isinstance(net, torch.nn.Linear)
        assert not isinstance(double_, torch.nn.Module)
        assert net(torch.ones(4, 2)).shape == (4, 3)
        assert sum(p.numel() for p in net.parameters()) == 9
        x = torch.ones(2)
        assert double_(x) is x
        assert x.tolist() == [2, 2]
        torch.manual_seed(5)
        seen = noise()
        assert torch.equal(seen, torch.rand(3))


# --- what a test leaves, what a mark depends on ----------------------------------------------------------------------


def changed(source, *changes, **settings):
    """A copy of the source with these texts replaced, and these settings of its room."""
    new = nbformat.from_dict(json.loads(json.dumps(source)))
    for cell in new.cells:
        for old, text in changes:
            cell.source = cell.source.replace(old, text)
    new.metadata["convnets"] |= settings
    return new


def test_names_of_one_test_are_gone_in_the_next(source):
    """Also those that took a locked cell's name, or a student's: each test begins as the locked cells left it."""
    first = "left_over = 1\nnp = through_a_helper = Box = None\ndouble_.score()"
    second = 'name = Exercise("name", points=2)\nassert "left_over" not in globals() and callable(through_a_helper)'
    leaving = changed(source, ("double_.score()", first), ('name = Exercise("name", points=2)', second))
    verdict, _ = examine(leaving, handin(source), student="s", assignment="toy")
    assert [e.earned for e in verdict.exercises] == [5, 2], verdict.to_json()


def test_the_total_time_caps_a_check_too(source):
    """However long the check itself may take."""
    patient = changed(source, ('"an example", points=1,', '"an example", points=1, seconds=500,'), total_seconds=3)
    sleeps = "import time\ndef double(x): time.sleep(600)"
    verdict, _ = examine(patient, handin(source, double=sleeps), student="s", assignment="toy")
    assert "used up its 3 s" in verdict.exercises[0].checks[0].message
    assert verdict.seconds < 60


TEST_DRAWN = """
drawn = Exercise("double", points=5)
with drawn.check("visible", points=2) as t:
    assert_close(double(t.rng.integers(2**40)), -1, "twice")
### BEGIN HIDDEN TESTS
with drawn.check("hidden", points=3) as t:
    assert_close(double(t.rng.integers(2**40)), -1, "twice")
### END HIDDEN TESTS
drawn.score()
"""


def test_hidden_checks_are_seeded_by_the_secret_and_others_are_not(source):
    drawing = changed(source, (TEST_DOUBLE, TEST_DRAWN))

    def drawn(secret):
        verdict, _ = examine(drawing, handin(drawing), student="s", assignment="toy", secret=secret, only={"double"})
        visible, hidden = (check.message for check in verdict.exercises[0].checks)
        assert visible.endswith("expected -1") and hidden.endswith("expected -1")
        return visible, hidden

    none, one, other = drawn(""), drawn("one"), drawn("other")
    assert one == drawn("one")
    assert none[0] == one[0] == other[0]
    assert len({none[1], one[1], other[1]}) == 3


def test_pythons_own_random_numbers_are_the_same_on_both_sides(source):
    ours = changed(
        source, ("np.random.normal()", "random.random()"), ("import numpy as np", "import random, numpy as np")
    )
    draw = NAME.replace("np.random.normal()", "random.random()")
    verdict, _ = examine(ours, handin(ours, name=draw), student="s", assignment="toy")
    assert verdict.earned == 7, verdict.to_json()
    cells = "import random\nrandom.seed(3)", "drawn = random.random()", "drawn = (drawn, random.random())"
    with Building(Settings()) as building, Room(*building.open(), Settings()) as room:
        for cell in cells:  # each in a process of its own, which goes on where the one before it was
            room.run(cell, "c", 5)
        [[drawn]] = room.begin_test().request("get", ["drawn"])
    again = random.Random(3)
    assert drawn == (again.random(), again.random())


def test_the_seconds_that_a_check_cost_are_those_that_the_room_computed(source):
    busy = (
        "import time\ndef double(x):\n    end = time.process_time() + 0.3\n    while time.process_time() < end: pass\n"
    )
    verdict = marks(source, double=f"{busy}    time.sleep(0.2)\n    return 2 * x")
    first, _, _, _, last = verdict.exercises[0].checks
    assert 0.29 < first.cpu_seconds < 0.49
    assert 0.29 < last.cpu_seconds < 0.49
    assert all(c.cpu_seconds < 0.2 for c in verdict.exercises[1].checks)


def test_output_of_a_cell_is_kept_up_to_a_bound(source):
    verdict = marks(source, double=f"{DOUBLE}\nfor _ in range(60): print('x' * 10_000)")
    assert verdict.earned == 7
    assert 100_000 < len(verdict.outputs["double"]) < 100_200


def test_what_a_hand_in_says_about_itself_is_kept_up_to_a_bound(source):
    raising = "raise ValueError('x' * 10**6)"
    verdict = marks(
        source, double=raising, spoil=lambda cells: [*[{"cell_type": "code", "source": raising}] * 60, *cells]
    )
    assert len(verdict.problems) == examiner.MAX_PROBLEMS
    assert max(map(len, verdict.problems)) < 1_000


def test_digest_covers_the_settings(source):
    assert examiner.digest(changed(source), b"x") == examiner.digest(source, b"x")
    for setting in ({"cell_seconds": 4}, {"memory_gb": 1}, {"hidden_packages": []}):
        assert examiner.digest(changed(source, **setting), b"x") != examiner.digest(source, b"x")


@pytest.mark.parametrize("package", ["numpy", "torch", "ipython", "python"])
def test_digest_covers_the_versions(source, monkeypatch, package):
    before = examiner.digest(source, b"x")
    really = examiner.version
    monkeypatch.setattr(examiner, "version", lambda name: "0" if name == package else really(name))
    if package == "python":
        monkeypatch.setattr(examiner.platform, "python_version", lambda: "0")
    assert examiner.digest(source, b"x") != before


def test_digest_covers_the_modules_that_students_may_import(source, tmp_path, monkeypatch):
    library = Path(examiner.checks.__file__).parent
    for name in ("checks.py", "arithmetic.py", "quiz.py"):
        shutil.copy(library / name, tmp_path / name)
    shutil.copytree(library / "explorers", tmp_path / "explorers")
    allowed = changed(source, modules=["checks", "arithmetic", "explorers"])
    monkeypatch.setattr(examiner.checks, "__file__", str(tmp_path / "checks.py"))
    seen = [examiner.digest(allowed, b"x")]
    for name in ("arithmetic.py", "explorers/kit.py", "checks.py"):
        (tmp_path / name).write_text("# changed")
        seen.append(examiner.digest(allowed, b"x"))
    assert len(set(seen)) == 4
    (tmp_path / "quiz.py").write_text("# of no concern")
    assert examiner.digest(allowed, b"x") == seen[-1]


def test_hidden_lines_reach_from_the_first_mark_to_the_last():
    begin, end = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
    lines = ["shown", begin, "hidden", end, "between", f"  {begin}", "hidden", end, "shown"]
    assert list(notebook.hidden_lines("\n".join(lines))) == [2, 3, 4, 5, 6, 7]
    assert list(notebook.hidden_lines("shown")) == []
