"""The source of assignment a2: its reference earns every point, its stubs none, and all its sums agree."""

import ast
import copy
import re
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import pytest
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from convnets import checks

NOTEBOOK = Path(__file__).resolve().parents[1] / "solutions" / "a2_layers" / "a2_layers.ipynb"
EXERCISES = {
    "affine": 10,
    "relu_family": 10,
    "cross_entropy": 12,
    "conv2d_forward": 14,
    "conv2d_backward": 16,
    "max_pool2d": 14,
    "avg_pool2d": 8,
    "tiny_convnet": 10,
}
WRITTEN = {"why_subtract_the_maximum": 3, "what_the_cache_costs": 3}


@dataclass
class Outcome:
    """What running a notebook gave: exercises with their checks, the cells' last values, all that was printed."""

    exercises: dict[str, checks.Exercise] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)


def run(notebook) -> Outcome:
    """Run all cells but the tests in order, then each test cell for itself in a copy of what that left behind."""
    matplotlib.use("Agg")
    outcome, names = Outcome(), {"__name__": "__main__"}
    is_test = {cell.id: cell.id.startswith("test_") for cell in notebook.cells}
    cells = sorted((c for c in notebook.cells if c.cell_type == "code"), key=lambda cell: is_test[cell.id])

    def remember(exercise):
        outcome.exercises[exercise.name] = exercise

    checks.Exercise.on_score.append(remember)
    try:
        for cell in cells:
            space = dict(names) if is_test[cell.id] else names
            body = ast.parse(cell.source).body
            last = ast.Expression(body.pop().value) if isinstance(body[-1], ast.Expr) else None
            with redirect_stdout(StringIO()) as printed:
                exec(compile(ast.Module(body, []), cell.id, "exec"), space)
                if last is not None:
                    outcome.values[cell.id] = eval(compile(last, cell.id, "eval"), space)
            outcome.printed[cell.id] = printed.getvalue()
    finally:
        checks.Exercise.on_score.remove(remember)
    return outcome


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def reference(notebook):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the reference does not overflow, not even where NumPy would only warn
        return run(notebook)


def failures(outcome):
    return [f"{e.name}: {c.name}: {c.message}" for e in outcome.exercises.values() for c in e.checks if not c.passed]


def test_reference_earns_every_point(reference):
    assert failures(reference) == []
    assert {name: reference.values[f"test_{name}"] for name in EXERCISES} == EXERCISES


def test_playgrounds_show_something(reference):
    pictures = [cell for cell in reference.printed if cell.startswith("playground")]
    assert len(pictures) == 4
    assert not [text for cell in pictures if "no picture" in (text := reference.printed[cell])]


def test_stubs_earn_nothing_and_say_so(notebook):
    released, _ = ClearSolutions().preprocess(copy.deepcopy(notebook), {})
    outcome = run(released)
    assert {name: outcome.values[f"test_{name}"] for name in EXERCISES} == dict.fromkeys(EXERCISES, 0)
    said = {check.message for exercise in outcome.exercises.values() for check in exercise.checks}
    assert said == {"not written yet"}


def test_points_agree_everywhere(notebook, reference):
    metadata = {c.id: c.metadata.nbgrader.points for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")}
    assert metadata == {f"test_{name}": points for name, points in EXERCISES.items()} | WRITTEN
    for name, points in EXERCISES.items():
        exercise = reference.exercises[name]
        assert exercise.points == points == sum(check.points for check in exercise.checks), name
    rows = re.findall(r"^\|[^|]*\| `(\w+)` \|[^|]*\| (\d+) \| (\d+) \|$", notebook.cells[0].source, re.M)
    assert {name: int(points) for name, points, _ in rows} == EXERCISES | WRITTEN
    total = re.search(r"\*\*together\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)\*\*", notebook.cells[0].source)
    assert total is not None
    assert int(total[1]) == sum(int(points) for _, points, _ in rows) == 100
    minutes = re.findall(r"\| (\d+) \|$", notebook.cells[0].source, re.M)  # of the exercises, and of reading so far
    assert len(minutes) == len(rows) + 1
    assert int(total[2]) == sum(map(int, minutes))


def test_statements_name_the_points(notebook):
    """Headings repeat the table; the numbers in *Checked by* add up to the exercise's points."""
    text = {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "markdown"}
    for number, (name, points) in enumerate(EXERCISES.items(), start=1):
        statement = text[name.replace("_", "-") + "-statement"]
        row = re.search(rf"`{name}` \|[^|]*\| \d+ \| (\d+) \|", notebook.cells[0].source)
        assert f"## Exercise {number} · `{name}` ({points} points), about {row[1]} min" in statement
        checked = re.search(r"\*Checked by.*", statement)[0]
        if name == "relu_family":
            checked = checked.replace("(1 each)", "(1) (1) (1)")
        assert sum(int(p) for p in re.findall(r"\((\d+)\)", checked)) == points, name
        assert statement.count("<details><summary>Hint") == 3
    for name, points in WRITTEN.items():
        row = re.search(rf"`{name}` \|[^|]*\| \d+ \| (\d+) \|", notebook.cells[0].source)
        assert f"`{name}` ({points} points), about {row[1]} min" in text[name.replace("_", "-") + "-statement"]


def test_as_many_points_are_visible_as_the_first_cell_says(notebook):
    shown = 0
    for name in EXERCISES:
        source = next(cell.source for cell in notebook.cells if cell.id == f"test_{name}")
        visible, hidden = source.split("### BEGIN HIDDEN TESTS")
        shown += sum(int(points) for points in re.findall(r"\bpoints=(\d+),?\s*hint=", visible))
        assert "import torch" not in visible and hidden.rstrip().endswith("exercise.score()")
    assert f"{shown} of the {sum(EXERCISES.values())} points" in notebook.cells[0].source
    assert 0.38 <= shown / sum(EXERCISES.values()) <= 0.45


def test_visible_checks_need_nothing_of_the_hidden_ones(notebook):
    visible, _ = ClearHiddenTests().preprocess(copy.deepcopy(notebook), {})
    outcome = run(visible)
    assert failures(outcome) == []
    assert 0 < sum(outcome.values[f"test_{name}"] for name in EXERCISES) < sum(EXERCISES.values())
    setup = next(cell.source for cell in visible.cells if cell.id == "setup")
    imported = re.search(r"checks import \((.*?)\)", setup, re.S)[1]
    used = " ".join(cell.source for cell in visible.cells if cell.id != "setup")
    assert [name for name in re.findall(r"\w+", imported) if not re.search(rf"\b{name}\b", used)] == []


def test_no_kink_is_near_a_gradient_check(notebook, monkeypatch):
    """With a nudge ten times as wide finite differences still agree: nothing passes a ReLU's or a winner's edge."""
    narrow = checks.numerical_gradient
    monkeypatch.setattr(checks, "numerical_gradient", lambda f, x, dout=1.0: narrow(f, x, dout, h=1e-4))
    assert failures(run(notebook)) == []


def test_cells_are_marked_for_nbgrader(notebook):
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    assert notebook.metadata.convnets == {
        "hidden_packages": ["torch"],
        "modules": ["checks"],
        "cell_seconds": 30,
        "memory_gb": 4,
    }
    roles = {}
    for cell in notebook.cells:
        if mark := cell.metadata.get("nbgrader"):
            assert mark.grade_id == cell.id and mark.schema_version == 3 and mark.cell_type == cell.cell_type
            roles[cell.id] = (mark.grade, mark.locked, mark.solution)
        assert not cell.get("outputs")
    expected = dict.fromkeys(["setup", "images_and_training"], (False, True, False))
    expected |= dict.fromkeys(EXERCISES, (False, False, True))
    expected |= dict.fromkeys([f"test_{name}" for name in EXERCISES], (True, True, False))
    expected |= dict.fromkeys(WRITTEN, (True, False, True))
    assert roles == expected


def test_reference_is_as_short_as_the_first_cell_says(notebook):
    source = "\n".join(cell.source for cell in notebook.cells if cell.id in EXERCISES)
    blocks = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.S)
    assert len(blocks) == 17  # one for each function
    assert "about a hundred lines" in notebook.cells[0].source
    assert 70 < sum(bool(line.strip()) for block in blocks for line in block.splitlines()) < 110


def test_released_text_gives_no_line_of_the_solutions_away(notebook):
    released, _ = ClearSolutions().preprocess(copy.deepcopy(notebook), {})
    shown = "\n".join(cell.source.split("### BEGIN HIDDEN TESTS")[0] for cell in released.cells)
    for cell in notebook.cells:
        if cell.id in EXERCISES:
            for block in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.S):
                given_away = [line for line in block.splitlines() if len(line.strip()) > 20 and line.strip() in shown]
                assert given_away == [], cell.id


def test_a_mistake_costs_points_where_it_is_made(notebook):
    broken = copy.deepcopy(notebook)
    cell = next(cell for cell in broken.cells if cell.id == "avg_pool2d")
    cell.source = cell.source.replace("dout / kernel_size**2", "dout / kernel_size")
    outcome = run(broken)
    lost = {name for name in EXERCISES if outcome.values[f"test_{name}"] < EXERCISES[name]}
    assert lost == {"avg_pool2d"}
    said = " ".join(check.message for check in outcome.exercises["avg_pool2d"].checks)
    assert "a window has K*K pixels, not K" in said


def test_the_cache_costs_what_the_written_answer_says(notebook):
    answer = next(cell.source for cell in notebook.cells if cell.id == "what_the_cache_costs").replace("{,}", ",")
    x, w = np.empty((32, 16, 32, 32), np.float32), np.empty((32, 16, 3, 3), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), axis=(2, 3))
    for size in (x.nbytes, w.nbytes, windows.size * 4):
        assert f"{size:,}" in answer


SHAPES = """
import numpy as np

def size(n, k, stride, padding=0):
    return (n + 2 * padding - k) // stride + 1

def affine_forward(x, w, b):
    return made(x, w, b, like=np.empty((len(x), len(b)), x.dtype)), (x, w, b)

def relu_forward(x, *parameters):
    return made(x, like=x), x

leaky_relu_forward = elu_forward = relu_forward

def relu_backward(dout, cache):
    return made(dout, cache, like=dout)

leaky_relu_backward = elu_backward = relu_backward

def cross_entropy_forward(logits, target):
    return made(logits, target, like=logits[0, 0]), (logits, target)

def cross_entropy_backward(dout, cache):
    return made(*cache, like=cache[0])

def conv2d_forward(x, w, b, stride=1, padding=0):
    shape = [size(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:])]
    if min(shape) < 1 or x.shape[1] != w.shape[1]:
        raise ValueError
    return made(x, w, b, like=np.empty((len(x), len(w), *shape), x.dtype)), (x, w, b)

def conv2d_backward(dout, cache):
    return tuple(made(*cache, dout, like=array) for array in cache)

affine_backward = conv2d_backward

def max_pool2d_forward(x, kernel_size, stride=None):
    shape = [size(n, kernel_size, stride or kernel_size) for n in x.shape[2:]]
    return made(x, like=np.empty((*x.shape[:2], *shape), x.dtype)), x

def max_pool2d_backward(dout, cache):
    return made(dout, cache, like=cache)

avg_pool2d_forward, avg_pool2d_backward = max_pool2d_forward, max_pool2d_backward

class Empty(dict):
    def items(self):
        return {}.items()

def tiny_convnet_loss(params, x, target):
    given = params.values()
    return made(*given, x, like=0.0), Empty({name: made(*given, x, like=value) for name, value in params.items()})
"""
NOTHING = {
    "zeros": "np.zeros(np.shape(like), np.asarray(like).dtype)",
    "zeros, inputs zeroed": "[a.fill(0) for a in given] and np.zeros(np.shape(like), np.asarray(like).dtype)",
    "ones": "np.ones(np.shape(like), np.asarray(like).dtype)",
    "ones, inputs zeroed": "[a.fill(0) for a in given] and np.ones(np.shape(like), np.asarray(like).dtype)",
    "a constant": "np.full(np.shape(like), 0.1, np.asarray(like).dtype)",
    "random numbers": "np.random.normal(size=np.shape(like)).astype(np.asarray(like).dtype)",
    "the first input": "given[0]",
    "nothing": "None",
}


@pytest.mark.parametrize("what", NOTHING)
def test_what_computes_nothing_earns_nothing(notebook, what):
    """The right shapes and dtypes, inputs left alone (or wiped), ValueErrors where they belong: and no mark for it."""
    empty = copy.deepcopy(notebook)
    for cell in empty.cells:
        if cell.id in EXERCISES:
            cell.source = f"{SHAPES}\n\ndef made(*given, like):\n    return {NOTHING[what]}\n"
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        outcome = run(empty)
    assert {name: outcome.values[f"test_{name}"] for name in EXERCISES} == dict.fromkeys(EXERCISES, 0)


@pytest.mark.parametrize("secret", ["", *"abcdefgh"])
def test_right_answers_pass_hidden_checks_under_any_seed(notebook, secret, monkeypatch):
    """The seeds of hidden checks hold a secret of the course: none of them may be an unlucky one."""
    seeded = checks.zlib.crc32
    monkeypatch.setattr(checks.zlib, "crc32", lambda name: seeded(name + secret.encode()))
    hidden = copy.deepcopy(notebook)
    outcome = run(hidden)
    visible = {name: set(re.findall(r'exercise\.check\(\s*"([^"]+)"', source)) for name, source in _visible(notebook)}
    lost = [(e.name, c.name, c.message) for e in outcome.exercises.values() for c in e.checks if not c.passed]
    assert [loss for loss in lost if loss[1] not in visible[loss[0]]] == []


def _visible(notebook):
    for cell in notebook.cells:
        if cell.id.startswith("test_"):
            yield cell.id.removeprefix("test_"), cell.source.split("### BEGIN HIDDEN TESTS")[0]


def test_a_time_limit_is_never_above_a_minute(reference):
    limits = [check.seconds for exercise in reference.exercises.values() for check in exercise.checks]
    assert max(limits) <= 60 and min(limits) >= 10
