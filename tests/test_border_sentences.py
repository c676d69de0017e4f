"""What can not cross between a check and the hand-in says so, at once and in one sentence that tells what to do."""

from __future__ import annotations

import textwrap

import nbformat
import pytest
from lab_kernel import LabKernel, Seen, cells
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from toy_course import role, solution
from toy_course import test as test_cell

from autograder.exam.examiner import examine
from autograder.exam.verdict import CheckResult
from autograder.exam.walls import find_walls

IN_ROOM = "in_room"  # what most of the sentences advise

SETUP = """import copy
import io

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from convnets.checks import Exercise, assert_close, in_room, raises

x, y = torch.linspace(-1, 1, 12).reshape(4, 3), torch.tensor([0, 1, 1, 0])


@in_room
def the_network():
    return net


@in_room
def takes(value):
    return 1"""

STUDENT = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(x)


class ShapeError(ValueError):
    pass


class Length:
    def __init__(self, metres):
        self.metres = metres

    def __eq__(self, other):
        return True

    def __gt__(self, other):
        return True

    def __float__(self):
        return float(self.metres)


def train_step(net, optimizer, x, y, loss_function=F.cross_entropy):
    optimizer.zero_grad()
    loss = loss_function(net(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def fail():
    raise ShapeError("3 is not 4")


def count(batches):
    return sum(1 for _ in batches)


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"""

#: What a check does that holds in Lab -> what the sentence has to say when it is graded.
SAID = {
    "backward through a loss": ("F.cross_entropy(net(x), y).backward()", IN_ROOM),
    "backward of an output": ("net(x).sum().backward()", IN_ROOM),
    "torch.autograd.grad": ("torch.autograd.grad(net(x).sum(), list(net.parameters()))", IN_ROOM),
    "the gradient of an input": ("z = x.clone().requires_grad_()\nnet(z).sum().backward()", IN_ROOM),
    "an optimizer over the student's parameters": ("torch.optim.SGD(net.parameters(), lr=0.1)", IN_ROOM),
    "Adam over groups": ("torch.optim.Adam([{'params': net.fc.parameters()}])", IN_ROOM),
    "an optimizer of the check's own": (
        "own = nn.Linear(3, 2)\ntrain_step(own, torch.optim.SGD(own.parameters(), lr=0.1), x, y)", IN_ROOM,
    ),
    "a module handed over": ("train_step(nn.Linear(3, 2), optimizer, x, y)", IN_ROOM),
    "a module put into the student's": ("net.fc = nn.Linear(3, 2)", IN_ROOM),
    "a class handed over": ("takes(nn.Linear)", IN_ROOM),
    "a data set handed over": ("count(torch.utils.data.TensorDataset(x, y))", IN_ROOM),
    "a loader handed over": ("count(torch.utils.data.DataLoader(x, batch_size=2))", IN_ROOM),
    "a generator handed over": ("count(part for part in x.split(2))", IN_ROOM),
    "a random generator of torch's": ("takes(torch.Generator())", IN_ROOM),
    "an open file handed over": ("torch.manual_seed(0)\ntakes(io.BytesIO())", IN_ROOM),
    "a subclass": ("class Twice(Net):\n    pass\nTwice()", IN_ROOM),
    "a Parameter of the check's": ("net.fc.weight = nn.Parameter(torch.ones(2, 3))", IN_ROOM),
    "the student's own kind of error": ("with raises(ShapeError, 'the shape is wrong'):\n    fail()", "ValueError"),
    "an object equal to a number": ("assert Length(3) == 3", "float"),
    "an object that differs from a number": ("assert not Length(3) != 3", "float"),
    "an object greater than a number": ("assert Length(3) > 2", "float"),
    "an object less than an array": ("Length(3) > np.ones(2)", "Length"),
    "a function of a test cell": ("@in_room\ndef own():\n    return 1\nassert own() == 1", "locked cell"),
}  # fmt: skip


def source() -> NotebookNode:
    lines = [f'exercise = Exercise("border", points={len(SAID)})']
    for name, (code, _) in SAID.items():
        lines.append(f"with exercise.check({name!r}, points=1):\n{textwrap.indent(code, '    ')}")
    cells = [
        nbformat.v4.new_code_cell(SETUP, id="setup", metadata=role("setup", locked=True)),
        solution("border", STUDENT),
        test_cell("test_border", len(SAID), "\n".join([*lines, "exercise.score()"])),
    ]
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def graded() -> dict[str, CheckResult]:
    """Each check as the examiner ran it, by name."""
    notebook = source()
    handin = nbformat.writes(notebook).encode()
    verdict, _ = examine(notebook, handin, student="s", assignment="border", walls=find_walls() is None)
    assert verdict.problems == []
    return {check.name: check for check in verdict.exercises[0].checks}


@pytest.fixture(scope="module")
def in_lab() -> dict[str, Seen]:
    with LabKernel() as lab:
        (exercise,) = lab.run(cells(source()))
    return {check.name: check for check in exercise.checks}


@pytest.mark.parametrize("name", SAID)
def test_what_holds_in_lab_and_can_not_cross_says_what_to_do(name, graded, in_lab):
    assert in_lab[name].passed, f"it does not hold in Lab either: {in_lab[name].message}"
    check, (_, advice) = graded[name], SAID[name]
    assert not check.passed
    said = check.message.partition(": ")[2] or check.message  # without TypeError and its like
    assert advice in said, check.message
    assert "exit code" not in said and "did not end" not in said, "the room was lost"
    assert len(said.split()) >= 8, f"no sentence: {check.message}"
