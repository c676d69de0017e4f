"""Code that computes nothing must look like the reference in all but its values, or it shows no hole in the checks."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pytest
import torch
import toy_course
from nbformat.v4 import new_notebook

from autograder.exam.verdict import CheckResult, ExerciseResult, Verdict
from autograder.proof.trivial import KINDS, fault_of_trivial, trivial_answers


def run(code: str, kind: str, **names: Any) -> dict[str, Any]:
    """The names that a solution cell with this reference leaves behind when it is answered by nothing."""
    source = new_notebook(cells=[toy_course.solution("it", textwrap.dedent(code))])
    notebook: dict[str, Any] = {"np": np, "torch": torch, "__name__": "__main__", **names}
    for answer in trivial_answers(source, kind):
        exec(answer.code, notebook)
    return notebook


LINEAR = """
def forward(x, w, scale=2):
    return scale * x @ w, (x, w.shape, scale)

def backward(dout, cache):
    x, shape, scale = cache
    assert scale == 2 and shape == (3, 2), "the cache is not the one that forward gave back"
    return {"x": dout @ np.ones(shape).T, "w": x.T @ dout}

def count(x):
    if x.ndim != 2:
        raise ValueError("two axes")
    return x.size, float(x.sum()), x.dtype.name, True, None
"""
X, W, DOUT = np.arange(1.0, 13).reshape(4, 3), np.ones((3, 2)), np.full((4, 2), 7.0)


@pytest.mark.parametrize(("kind", "value"), [("zeros", 0), ("ones", 1), ("a constant", 0.1)])
def test_shapes_and_kinds_are_the_references_and_values_are_not(kind: str, value: float) -> None:
    made = run(LINEAR, kind)
    x = X.astype("float32")
    out, cache = made["forward"](x, W.astype("float32"))
    assert out.shape == (4, 2) and out.dtype == np.float32 and (out == np.float32(value)).all()
    grads = made["backward"](DOUT, cache)
    assert {name: grad.shape for name, grad in grads.items()} == {"x": (4, 3), "w": (3, 2)}
    assert all((grad == value).all() for grad in grads.values())
    size, total, name, flag, none = made["count"](X)
    assert (size, total, name, flag, none) == (int(value), value, "", bool(value), None)
    assert type(size) is int and type(total) is float


def test_a_cache_is_known_again_from_a_copy_of_it() -> None:
    """As it comes back over the wire: other objects, the same content."""
    made = run(LINEAR, "random numbers")
    _, (x, shape, scale) = made["forward"](X, W)
    assert made["backward"](DOUT, (x.copy(), [*shape], scale))["w"].shape == (3, 2)
    with pytest.raises(ValueError):  # that one was never given back
        made["backward"](DOUT, (x.copy(), 5))


def test_random_numbers_are_random_and_leave_the_checks_generators_alone() -> None:
    made = run(LINEAR, "random numbers")
    np.random.seed(0)
    torch.manual_seed(0)
    state = np.random.get_state()[1].copy()
    out, _ = made["forward"](X, W)
    assert len(np.unique(out)) == 8
    assert (np.random.get_state()[1] == state).all()


def test_the_input_comes_back_where_it_has_the_shape() -> None:
    made = run("def f(a, b, k): return a.sum(), a * 2, b.T, k * 3", "the input")
    assert [np.shape(part) for part in made["f"](X, W, 5)] == [(), (4, 3), (2, 3), ()]
    total, a, b, k = made["f"](X, W, 5)
    assert a is X and not b.any() and (total, k) == (5, 5)


def test_none_is_all_there_is() -> None:
    made = run(LINEAR + "\nrate = 0.5", "None")
    assert made["forward"](X, W) is None and made["backward"](DOUT, None) is None and made["rate"] is None


def test_inputs_are_zeroed_only_where_that_is_the_kind() -> None:
    for kind in KINDS:
        x, params = X.copy(), {"w": W.copy()}
        run("def f(x, params): return x @ params['w']", kind)["f"](x, params)
        zeroed = kind == "zeros, inputs zeroed"
        assert (not x.any()) == (not params["w"].any()) == zeroed, kind


def test_empty_handed_containers_have_keys_and_lengths_but_nothing_in_them() -> None:
    made = run("def f(x): return {'a': x, 'b': [x, x]}", "empty-handed containers")
    found = made["f"](X)
    assert set(found.keys()) == {"a", "b"} and len(found) == 2 and found["a"].shape == X.shape
    assert list(found.items()) == list(found.values()) == list(found) == [] and len(found["b"]) == 2
    assert list(found["b"]) == []


def test_exceptions_of_the_reference_are_passed_on() -> None:
    with pytest.raises(ValueError, match="two axes"):
        run(LINEAR, "zeros")["count"](np.ones(3))


def test_what_the_reference_changes_is_changed_back() -> None:
    made = run(
        """
        def step(params, velocity, history):
            params["w"] -= 1
            params["new"] = 2
            velocity[:] = 5
            history.append(1)
            return params
        """,
        "zeros",
    )
    params, velocity, history = {"w": W.copy()}, np.ones(3), [0]
    shown = made["step"](params, velocity, history)
    assert params.keys() == {"w"} and (params["w"] == 1).all() and (velocity == 1).all() and history == [0]
    assert shown.keys() == {"w", "new"} and not shown["w"].any() and shown["new"] == 0


def test_functions_generators_and_values_compute_nothing_either() -> None:
    made = run(
        """
        RATE, _secret = 0.5, 3
        table = {"a": np.ones(2)}
        square = lambda x: x * x

        def batches(x):
            for row in x:
                yield row, square(row)

        def power(n):
            return lambda x: x ** n

        def _helper(x):
            return x
        """,
        "zeros",
    )
    assert made["RATE"] == 0 and not made["table"]["a"].any() and made["_secret"] == 3
    assert not made["square"](X).any() and not made["power"](2)(X).any()
    rows = list(made["batches"](X))
    assert len(rows) == 4 and not any(part.any() for row in rows for part in row)
    assert made["_helper"](X) is X


LAYER = """
class Layer:
    def __init__(self, w):
        self.w = w
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        self.x = x
        return x @ self.w

    def backward(self, dout):
        assert self.x.any(), "the layer forgot its own input"
        self.dw = self.x.T @ dout
        self.w -= self.dw
        return dout @ self.w.T

    @property
    def size(self):
        return self.w.size

    @staticmethod
    def double(x):
        return 2 * x
"""


def test_a_class_keeps_its_state_and_shows_nothing_of_it() -> None:
    made = run(LAYER, "zeros")
    layer = made["Layer"](W.copy())
    assert (layer.w == 1).all()  # what it was given
    assert not layer.forward(X).any()
    dx = layer.backward(DOUT)
    assert dx.shape == (4, 3) and not dx.any()
    assert layer.dw.shape == (3, 2) and not layer.dw.any() and not layer.x.any()
    assert (layer.w == 1).all() and layer.calls == 0 and layer.size == 0
    assert not layer.double(X).any()


TENSOR = """
class Value:
    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = data, parents, 0.0

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other))

    def backward(self):
        self.grad = 1.0
        a, b = self.parents
        a.grad, b.grad = b.data, a.data
"""


def test_operators_and_what_they_leave_in_other_objects() -> None:
    made = run(TENSOR, "ones")
    a, b = made["Value"](3.0), made["Value"](4.0)
    out = a * b
    assert type(out) is made["Value"] and (a.data, out.data) == (3.0, 1.0)
    out.backward()
    assert (out.grad, a.grad, b.grad) == (1.0, 1.0, 1.0)  # 1, 4 and 3 in truth
    assert (out * a).data == 1.0


NET = """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x).relu()

def train(net, x):
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    loss = net(x).sum()
    loss.backward()
    optimizer.step()
    return loss.item()
"""


def test_a_torch_module_has_its_parameters_and_a_graph_with_nothing_in_it() -> None:
    made = run(NET, "a constant")
    net, x = made["Net"](), torch.ones(5, 3)
    assert isinstance(net, torch.nn.Module) and [p.shape for p in net.parameters()] == [(2, 3), (2,)]
    out = net(x)
    assert out.shape == (5, 2) and out.requires_grad and (out == 0.1).all()
    out.sum().backward()
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())
    assert made["train"](net, x) == 0.1
    assert all((p == torch.tensor(0.1)).all() for p in net.parameters())  # neither drawn at random nor trained
    assert all(p.grad is not None and (p.grad == torch.tensor(0.1)).all() for p in net.parameters())


def test_a_tensor_of_infinity_becomes_zeros_too() -> None:
    made = run("def f(x): return x / 0", "zeros")
    x = torch.ones(2, requires_grad=True)
    out = made["f"](x)
    assert out.tolist() == [0, 0] and out.requires_grad


def test_later_cells_of_the_reference_use_what_the_earlier_ones_really_compute() -> None:
    code = {"one": "def one(): return 1", "two": "def two(): return [0] * one()"}
    cells = [toy_course.solution(name, text) for name, text in code.items()]
    notebook: dict[str, Any] = {"__name__": "__main__"}
    for answer in trivial_answers(new_notebook(cells=cells), "zeros"):
        exec(answer.code, notebook)
    assert notebook["one"]() == 0 and notebook["two"]() == [0]


def test_too_much_for_nothing_is_a_sentence_with_the_checks_in_it() -> None:
    checks = [CheckResult("its shape", 2, 2, True, False), CheckResult("its values", 6, 0, False, True)]
    verdict = Verdict("a", "s", [ExerciseResult("test_double", 8, checks), ExerciseResult("test_b", 12)])
    said = fault_of_trivial("zeros", verdict)
    assert "trivial answers (zeros) earn 2 of 20 points, more than 5%" in said
    assert said.endswith("double: its shape (2)")
    checks[0].earned = 1
    assert fault_of_trivial("zeros", verdict) == ""
