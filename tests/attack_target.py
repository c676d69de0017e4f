"""The small assignment that the attacks in tests/attacks/ are made on, and its honest answers.

Five exercises, 15 points by tests, and a written question of 3. Every hidden check knows a number that nobody outside
can know; a right answer meets it by computing, a thief by having seen it.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Course

NAME = "a0_target"

#: Expected values of hidden checks. None of them is an input of one.
SECRETS = (735_125.5, 98_311.25, 40_427.0, 61_213.75)

SETUP = """import numpy as np
from convnets.checks import Exercise, assert_close, assert_shape, unchanged

def twice_and_one(x):
    return double(x) + 1"""

HONEST = {
    "double": "def double(x):\n    return 2 * x",
    "stats": """def stats(x):
    return {"mean": float(np.mean(x)), "spread": float(np.max(x) - np.min(x))}""",
    "counter": """class Counter:
    def __init__(self, start):
        self.value = start

    def count(self, by=1):
        self.value += by

    def share(self, n):
        return self.value / n

    def __iter__(self):
        return iter(range(1, self.value + 1))""",
    "slope": "def slope(f, x, h=1e-3):\n    return (f(x + h) - f(x - h)) / (2 * h)",
    "draw": "def draw(rng, n):\n    return rng.normal(size=n)",
}

_DOUBLE, _SPREAD, _COUNTED, _SLOPE = SECRETS

TESTS = {
    "double": f"""double_ = Exercise("double", points=4)
with double_.check("two and two", points=1, seconds=0.5):
    assert_close(double(2.0), 4.0, "double(2)")
### BEGIN HIDDEN TESTS
with double_.check("a hidden number", points=1, seconds=0.5):
    assert_close(double(np.array({_DOUBLE / 2})), {_DOUBLE}, "double(x)")
with double_.check("hidden random numbers", points=1, seconds=0.5) as t:
    x = t.rng.normal(size=4)
    expected = 2 * x  # before the hand-in can write into x
    assert_close(double(x), expected, "double(x)")
with double_.check("through a locked helper", points=1, seconds=0.5):
    assert_close(twice_and_one(21.0), 43.0, "twice_and_one(21)")
### END HIDDEN TESTS
double_.score()""",
    "stats": f"""stats_ = Exercise("stats", points=3)
with stats_.check("the names of its values", points=1, seconds=0.5):
    assert set(stats(np.arange(3.0))) == {{"mean", "spread"}}
### BEGIN HIDDEN TESTS
with stats_.check("its hidden values", points=2, seconds=0.5):
    found = stats(np.array([-{_SPREAD - 10}, 10.0, 2.5]))
    for name, expected in {{"mean": {(22.5 - _SPREAD) / 3!r}, "spread": {_SPREAD}}}.items():
        assert_close(found[name], expected, name)
### END HIDDEN TESTS
stats_.score()""",
    "counter": f"""counter_ = Exercise("counter", points=4)
with counter_.check("it starts where it is told", points=1, seconds=0.5):
    c = Counter(3)
    assert isinstance(c, Counter)
    assert_close(c.value, 3, "value")
### BEGIN HIDDEN TESTS
with counter_.check("it counts", points=1, seconds=0.5):
    c = Counter(10)
    c.count()
    c.count(by={_COUNTED - 11})
    assert_close(c.value, {_COUNTED}, "value")
with counter_.check("a loop over it", points=1, seconds=0.5):
    assert_close([float(n) for n in Counter(3)], [1, 2, 3], "the loop")
with counter_.check("its share", points=1, seconds=0.5) as t:
    t.scale(Counter(4).share(8), none=0.0, full=0.5, what="share")
### END HIDDEN TESTS
counter_.score()""",
    "slope": f"""slope_ = Exercise("slope", points=2)
with slope_.check("a square", points=1, seconds=0.5):
    assert_close(slope(lambda v: v * v, 3.0), 6.0, "slope", rtol=1e-4)
### BEGIN HIDDEN TESTS
with slope_.check("a hidden line", points=1, seconds=0.5):
    assert_close(slope(lambda v: {_SLOPE} * v, 1.0), {_SLOPE}, "slope", rtol=1e-4)
### END HIDDEN TESTS
slope_.score()""",
    "draw": """draw_ = Exercise("draw", points=2)
with draw_.check("numbers of this generator", points=1, seconds=0.5):
    rng = np.random.default_rng(7)
    assert_close(draw(rng, 3), np.random.default_rng(7).normal(size=3), "draw(rng, 3)")
### BEGIN HIDDEN TESTS
with draw_.check("the generator has moved on", points=1, seconds=0.5):
    rng, other = (np.random.Generator(np.random.MT19937(11)) for _ in range(2))
    draw(rng, 3)
    other.normal(size=3)
    assert_close(rng.normal(size=700), other.normal(size=700), "what comes next")
### END HIDDEN TESTS
draw_.score()""",
}

POINTS = {"double": 4, "stats": 3, "counter": 4, "slope": 2, "draw": 2}

SETTINGS = {
    "hidden_packages": ["torch"],
    "cell_seconds": 1.5,
    "total_seconds": 12,
    "memory_gb": 0.9,
    "processes": 48,
}


def _role(grade_id: str, **more: object) -> dict[str, object]:
    flags = dict.fromkeys(["grade", "solution", "locked", "task"], False)
    return {"nbgrader": {"grade_id": grade_id, "schema_version": 3, **flags, **more}}


def source() -> NotebookNode:
    """The source notebook."""
    cells = [new_markdown_cell("# Target", id="title")]
    cells += [new_code_cell(SETUP, id="setup", metadata=_role("setup", locked=True))]
    for name, code in HONEST.items():
        code = f"### BEGIN SOLUTION\n{code}\n### END SOLUTION"
        cells.append(new_code_cell(code, id=name, metadata=_role(name, solution=True)))
        role = _role(f"test_{name}", grade=True, locked=True, points=POINTS[name])
        cells.append(new_code_cell(TESTS[name], id=f"test_{name}", metadata=role))
    written = "### BEGIN SOLUTION\nBecause a sum is the same either way.\n### END SOLUTION"
    cells.append(new_markdown_cell("Why is double(x) equal to x + x?", id="question"))
    cells.append(new_markdown_cell(written, id="why", metadata=_role("why", grade=True, solution=True, points=3)))
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "convnets": SETTINGS}
    return new_notebook(cells=cells, metadata=metadata)


def make_course(root: Path) -> Course:
    """A repository in ``root`` whose course folder is ``root/course``."""
    folder = root / "solutions" / NAME
    folder.mkdir(parents=True)
    nbformat.write(source(), folder / f"{NAME}.ipynb")
    (root / "course").mkdir()
    return Course(root, root / "course")
