"""What can not cross between a check and the hand-in says so, at once and in one sentence that tells what to do."""

from __future__ import annotations

import re
import textwrap

import nbformat
import pytest
from lab_kernel import LabKernel, Seen, cells
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from toy_course import role, solution
from toy_course import test as test_cell

from autograder.exam.examiner import examine
from autograder.exam.hall import Hall
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
    "the student's network saved here": ("torch.save(net, io.BytesIO())", IN_ROOM),
    "the student's own kind of error": ("try:\n    fail()\nexcept ShapeError:\n    pass", "raises"),
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
    said = re.sub(r"^\w+Error: ", "", check.message)
    assert advice in said, check.message
    assert "exit code" not in said and "did not end" not in said, "the room was lost"
    assert len(said.split()) >= 8, f"no sentence: {check.message}"


# --- what only calls itself a tensor ---------------------------------------------------------------------------------

CALLS_ITSELF = ["torch._tensor.Tensor", "torch.nn.parameter.Parameter", "torch._C.TensorBase", "torch.Size"]
CALLS_ITSELF += ["torch.Generator", "torch.storage.UntypedStorage", "torch.device", "torch._C.Graph"]
USES = ["torch.equal(thing, x)", "torch.add(x, thing)", "x + thing", "torch.as_tensor(thing)", "torch.sum(thing)"]
USES += ["torch.where(x > 0, thing, 0)", "x.set_(thing)", "torch.rand(2, generator=thing)", "x.reshape(thing)"]
USES += ["torch.tensor(thing)", "torch.zeros(thing)", "assert_close(thing, x, 'thing')", "x.to(thing)"]

FORGED = """class Forged:
    pass


def forge(name):
    module, _, rest = name.rpartition(".")
    made = type(rest, (Forged,), {"__module__": module})
    made.__qualname__ = rest
    return made()"""


@pytest.mark.parametrize("name", CALLS_ITSELF)
def test_what_calls_itself_a_tensor_is_none(name):
    """The room may claim any name. Were torch to believe it, it would read memory that is none in the examiner."""
    lines = [f'exercise = Exercise("forged", points={len(USES)})']
    for use in USES:
        code = f"x, thing = torch.ones(2), forge({name!r})\nassert not isinstance(thing, torch.Tensor)\n{use}"
        lines.append(f"with exercise.check({use!r}, points=1):\n{textwrap.indent(code, '    ')}")
    notebook = new_notebook(
        cells=[
            nbformat.v4.new_code_cell(SETUP, id="setup", metadata=role("setup", locked=True)),
            solution("forged", FORGED),
            test_cell("test_forged", len(USES), "\n".join([*lines, "exercise.score()"])),
        ]
    )
    with Hall(notebook, walls=find_walls() is None) as hall:  # in a process of its own, should it crash
        verdict, _ = hall.examine(nbformat.writes(notebook).encode(), student="s", assignment="forged")
    assert len(verdict.exercises) == 1, verdict.problems
    for check in verdict.exercises[0].checks:
        assert not check.passed
        assert re.search("Error|an array is needed|nonsense|not run", check.message), check.message


def test_a_stand_in_for_a_parameter_may_be_used_wherever_torch_takes_a_tensor():
    """Also where torch looks into it without asking: there are no numbers in it that could be read by mistake."""
    uses = ["torch.tensor(p)", "torch.as_tensor(p) + 0", "torch.where(x > 0, p, 0)", "torch.ones(1).new_tensor(p)"]
    uses += ["torch.zeros(2).copy_(p)", "torch.zeros(2).add_(p)", "torch.stack([p, p])[0]", "p.detach()", "p - 0"]
    code = "x, p = torch.ones(2), net.fc.bias\np.data.fill_(3)\n"
    code += "\n".join(f"assert_close({use}, [3, 3], {use!r})" for use in uses)
    test = 'exercise = Exercise("uses", points=1)\nwith exercise.check("uses", points=1):\n'
    test += textwrap.indent(code, "    ")
    notebook = new_notebook(
        cells=[
            nbformat.v4.new_code_cell(SETUP, id="setup", metadata=role("setup", locked=True)),
            solution("uses", STUDENT),
            test_cell("test_uses", 1, f"{test}\nexercise.score()"),
        ]
    )
    verdict, _ = examine(notebook, nbformat.writes(notebook).encode(), student="s", assignment="uses", walls=False)
    (check,) = verdict.exercises[0].checks
    assert check.passed, check.message
