"""A small autograd engine: the student's own Tensor over NumPy arrays, with operators and backward()."""

# %% locked setup
import copy

import numpy as np
import torch

from convnets.checks import (
    CheckFailed,
    Exercise,
    assert_close,
    assert_dtype,
    assert_gradient,
    assert_shape,
    in_room,
    raises,
    unchanged,
)


@in_room
def a_subclass():
    """What becomes of a subclass's objects in an operation, and whether its own method reaches the engine's."""

    class Named(Tensor):
        def double(self):
            return self + self

    named = Named([1.0, 2.0])
    twice = named.double()
    twice.sum().backward()
    return isinstance(twice, Tensor), twice.data, named.grad


@in_room
def descend(start, target, lr, steps):
    """Gradient descent on the squared distance to a target with the student's engine: where it ends, and the losses."""
    x, losses = Tensor(start), []
    for _ in range(steps):
        x.zero_grad()
        loss = ((x - target) ** 2).sum()
        loss.backward()
        x.data -= lr * x.grad
        losses.append(float(loss))
    return {"x": x.data, "losses": losses}


def nodes(tensor):
    """Every tensor that one was made from, itself included, each once."""
    seen, todo = [], [tensor]
    while todo:
        node = todo.pop()
        if not any(node is other for other in seen):
            seen.append(node)
            todo.extend(node.parents)
    return seen


# %% solution tensor
### BEGIN SOLUTION
_recording = True


def _fit(grad, shape):
    """A gradient summed back to the shape that was broadcast."""
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    kept = tuple(i for i, n in enumerate(shape) if n == 1 and grad.shape[i] != 1)
    return grad.sum(axis=kept, keepdims=True) if kept else grad


### END SOLUTION


class Tensor:
    """An array that remembers how it was made.

    data  a float64 array   grad  dL/d(data) after backward(), None before   parents  the tensors it was made from
    Operators: + - * / ** @ and unary -, with numbers, arrays and tensors on either side; += -= *= write into data;
    t[i], len, iteration, float(t) of one number, comparisons (> and <) as arrays of bool.
    Methods: sum(axis=None), mean(), relu(), exp(), log(), backward(), zero_grad(). Properties: shape, T.
    Raises TypeError for what makes no array of numbers; ValueError from backward() of more than one number.
    """

    ### BEGIN SOLUTION
    __array_ufunc__ = None  # an array on the left leaves the operation to us

    def __init__(self, data, parents=(), backward=None):
        array = np.array(data)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"numbers are needed, not {type(data).__name__}")
        self.data = array.astype(float)
        self.grad = None
        self.parents = tuple(parents) if _recording else ()
        self._backward = backward if _recording else None

    @property
    def shape(self):
        return self.data.shape

    @property
    def T(self):
        return Tensor(self.data.T, [self], lambda g: [g.T])

    def __repr__(self):
        return f"Tensor({np.round(self.data, 4).tolist()})"

    def __len__(self):
        return len(self.data)

    def __float__(self):
        return float(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __gt__(self, other):
        return self.data > _tensor(other).data

    def __lt__(self, other):
        return self.data < _tensor(other).data

    def __add__(self, other):
        other = _tensor(other)
        return Tensor(self.data + other.data, [self, other], lambda g: [_fit(g, self.shape), _fit(g, other.shape)])

    def __mul__(self, other):
        other = _tensor(other)
        return Tensor(
            self.data * other.data,
            [self, other],
            lambda g: [_fit(g * other.data, self.shape), _fit(g * self.data, other.shape)],
        )

    def __pow__(self, n):
        return Tensor(self.data**n, [self], lambda g: [g * n * self.data ** (n - 1)])

    def __matmul__(self, other):
        other = _tensor(other)
        return Tensor(self.data @ other.data, [self, other], lambda g: [g @ other.data.T, self.data.T @ g])

    def __rmatmul__(self, other):
        return _tensor(other) @ self

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -_tensor(other)

    def __rsub__(self, other):
        return _tensor(other) - self

    def __truediv__(self, other):
        return self * _tensor(other) ** -1

    def __rtruediv__(self, other):
        return _tensor(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __iadd__(self, other):
        self.data += _tensor(other).data
        return self

    def __isub__(self, other):
        self.data -= _tensor(other).data
        return self

    def __imul__(self, other):
        self.data *= _tensor(other).data
        return self

    def __ifloordiv__(self, other):
        self.data //= _tensor(other).data
        return self

    def __getitem__(self, index):
        def backward(g):
            grad = np.zeros_like(self.data)
            np.add.at(grad, index, g)
            return [grad]

        return Tensor(self.data[index], [self], backward)

    def sum(self, axis=None):
        def backward(g):
            g = g if axis is None else np.expand_dims(g, axis)
            return [np.broadcast_to(g, self.shape).copy()]

        return Tensor(self.data.sum(axis), [self], backward)

    def mean(self):
        return self.sum() / self.data.size

    def relu(self):
        return Tensor(np.maximum(self.data, 0), [self], lambda g: [g * (self.data > 0)])

    def exp(self):
        out = np.exp(self.data)
        return Tensor(out, [self], lambda g: [g * out])

    def log(self):
        return Tensor(np.log(self.data), [self], lambda g: [g / self.data])

    def zero_grad(self):
        self.grad = None

    def backward(self):
        if self.data.size != 1:
            raise ValueError(f"backward() starts from one number, not from a tensor of shape {self.shape}")
        order, seen, todo = [], set(), [(self, False)]
        while todo:
            node, done = todo.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                todo.append((node, True))
                todo.extend((parent, False) for parent in node.parents)
        grads = {id(self): np.ones_like(self.data)}
        for node in reversed(order):
            grad = grads.pop(id(node))
            node.grad = grad if node.grad is None else node.grad + grad
            if node._backward:
                for parent, g in zip(node.parents, node._backward(grad)):
                    grads[id(parent)] = grads.get(id(parent), 0) + g

    ### END SOLUTION


### BEGIN SOLUTION
def _tensor(value):
    return value if isinstance(value, Tensor) else Tensor(value)


### END SOLUTION


class no_grad:
    """``with no_grad():`` what is made inside has no parents; outside it is as before, also after an error."""

    ### BEGIN SOLUTION
    def __enter__(self):
        global _recording
        self.before, _recording = _recording, False

    def __exit__(self, *error):
        global _recording
        _recording = self.before

    ### END SOLUTION


example = Tensor([[1.0, 2.0], [3.0, 4.0]])

# %% own
print(example, example.shape)

# %% test tensor (43 points)
exercise = Exercise("tensor", points=43)

with exercise.check("it holds an array", points=1):
    t = Tensor([[1, 2, 3], [4, 5, 6]])
    assert isinstance(t, Tensor)
    assert isinstance(t.data, np.ndarray) and t.data.dtype == np.float64
    assert_close(t.data, [[1, 2, 3], [4, 5, 6]], "t.data")
    assert t.shape == (2, 3) and t.data.shape == (2, 3)
    assert t.grad is None and len(t.parents) == 0

with exercise.check("numbers, lists and arrays of any dtype", points=1):
    for value in (3, 2.5, True, [1, 2], (1.0, 2.0), np.arange(3), np.float32(2), np.ones((2, 2), "float32")):
        t = Tensor(value)
        assert_dtype(t.data, "float64", "t.data")
        assert_shape(t.data, np.shape(value), "t.data")

with exercise.check("what is no number is refused", points=1):
    with raises(TypeError, "the data is text"):
        Tensor("abc")
    try:
        Tensor(None)
    except TypeError as error:
        assert "number" in str(error), f"the message is {str(error)!r}: it does not say what is needed"
    else:
        raise CheckFailed("nothing was raised for None")

with exercise.check("repr and str", points=1):
    t = Tensor([1.0, 2.5])
    assert repr(t) == "Tensor([1.0, 2.5])"
    assert str(t) == repr(t) and f"{t}" == str(t)
    assert "Tensor" in str(example) and "4.0" in str(example)

with exercise.check("add and multiply", points=1) as t:
    x, y = t.rng.normal(size=(2, 3)), t.rng.normal(size=(2, 3))
    a, b = Tensor(x), Tensor(y)
    assert_close((a + b).data, x + y, "a + b")
    assert_close((a * b).data, x * y, "a * b")
    assert isinstance(a + b, Tensor)

with exercise.check("subtract, divide, negate, raise", points=1) as t:
    x, y = t.rng.normal(size=4), t.rng.uniform(1, 2, size=4)
    a, b = Tensor(x), Tensor(y)
    for name, seen, expected in [
        ("a - b", a - b, x - y), ("a / b", a / b, x / y), ("-a", -a, -x), ("b ** 3", b**3, y**3),
        ("b ** 0.5", pow(b, 0.5), y**0.5),
    ]:  # fmt: skip
        assert_close(seen.data, expected, name)

with exercise.check("numbers on either side", points=1):
    t = Tensor([1.0, 2.0])
    assert_close((t + 1).data, [2, 3], "t + 1")
    assert_close((1 + t).data, [2, 3], "1 + t")
    assert_close((3 - t).data, [2, 1], "3 - t")
    assert_close((t - 3).data, [-2, -1], "t - 3")
    assert_close((2 * t).data, [2, 4], "2 * t")
    assert_close((2 / t).data, [2, 1], "2 / t")
    assert_close((t / 2.0).data, [0.5, 1], "t / 2")
    assert_close(sum([t, t, t]).data, [3, 6], "sum of three")

with exercise.check("arrays on either side", points=1) as t:
    x, y = t.rng.normal(size=(2, 3)), t.rng.normal(size=(3, 2))
    a = Tensor(x)
    for name, seen, expected in [
        ("array + t", y.T + a, y.T + x), ("t - array", a - y.T, x - y.T), ("array * t", y.T * a, x * y.T),
        ("array @ t", y @ a, y @ x), ("t @ array", a @ y, x @ y), ("np.float64 * t", np.float64(2) * a, 2 * x),
    ]:  # fmt: skip
        assert isinstance(seen, Tensor), f"{name} is no Tensor"
        assert_close(seen.data, expected, name)

with exercise.check("comparisons", points=1):
    t = Tensor([-1.0, 0.5, 2.0])
    assert_close(t > 0, [False, True, True], "t > 0")
    assert (t < 1).tolist() == [True, True, False]
    assert (t > Tensor([0.0, 1.0, 0.0])).sum() == 1
    assert (0 < t).any() and not (t > 5).any()
    assert t.data[t > 0].tolist() == [0.5, 2.0]

with exercise.check("length, float, iteration", points=1):
    assert len(example) == 2 and len(Tensor([1.0, 2.0, 3.0])) == 3
    assert float(Tensor(2.5)) == 2.5
    assert abs(float(Tensor([1.0, 2.0]).sum()) - 3) < 1e-12
    assert [float(row.sum()) for row in example] == [3, 7]
    first, second = Tensor([5.0, 6.0])
    assert float(first) + float(second) == 11
    assert [round(float(v), 2) for v in list(Tensor([0.125, 2.0]))] == [0.12, 2.0]

with exercise.check("indexing", points=1):
    t = Tensor(np.arange(12.0).reshape(3, 4))
    assert_close(t[1].data, [4, 5, 6, 7], "t[1]")
    assert_close(t[1:, ::2].data, [[4, 6], [8, 10]], "t[1:, ::2]")
    assert float(t[-1, -1]) == 11
    assert_close(t[..., 0].data, [0, 4, 8], "t[..., 0]")
    assert_close(t[[0, 0, 2]].data[:, 1], [1, 1, 9], "t[[0, 0, 2]]")
    assert_close(t[t > 8].data, [9, 10, 11], "t[t > 8]")
    with raises(IndexError, "there is no such row"):
        t[7]

with exercise.check("parents are the very objects", points=1):
    a, b = Tensor(1.0), Tensor(2.0)
    c = a + b
    assert c.parents[0] is a and c.parents[1] is b
    assert len((a * a).parents) in (1, 2) and all(p is a for p in (a * a).parents)
    assert a in c.parents and c not in a.parents
    left, right = (a * b).parents
    assert left is not right

with exercise.check("a walk through the graph", points=1):
    a, b = Tensor(2.0), Tensor(3.0)
    c = a * b
    out = c + c
    found = nodes(out)
    assert len(found) == 4, f"{len(found)} nodes, not 4"
    assert sorted(float(node) for node in found) == [2, 3, 6, 12]
    assert {id(node) for node in found} == {id(node) for node in (a, b, c, out)}
    assert len(set(found)) == 4

with exercise.check("in-place operators write into the same tensor", points=1):
    t = Tensor([1.0, 7.0])
    same = t
    t += 1
    assert t is same
    assert_close(same.data, [2, 8], "after t += 1")
    t *= Tensor([2.0, 0.5])
    t -= np.array([1.0, 1.0])
    assert_close(same.data, [3, 3], "after t *= and t -=")
    t //= 2
    assert t is same and same.data.tolist() == [1, 1]

with exercise.check("data can be written", points=1):
    t = Tensor([1.0, 2.0, 3.0])
    t.data[0] = 5
    assert t.data[0] == 5 and float(t[0]) == 5
    t.data[1:] *= 10
    t.data += 1
    assert_close((t * 1).data, [6, 21, 31], "t * 1")
    values = t.data
    values[:] = 0
    assert float(t.sum()) == 0
    t.data = np.array([4.0, 4.0])
    assert t.shape == (2,) and float(t.mean()) == 4

with exercise.check("backward of a product", points=1, hint="Each factor's slope is the other one.") as t:
    a, b = Tensor(3.0), Tensor(-2.0)
    c = a * b
    c.backward()
    assert_close(c.grad, 1.0, "c.grad")
    assert_close(a.grad, -2.0, "a.grad", likely={"its own value, not the other's": 3.0})
    assert_close(b.grad, 3.0, "b.grad")

with exercise.check("backward starts from one number", points=1):
    with raises(ValueError, "there are three numbers"):
        (Tensor([1.0, 2.0, 3.0]) * 2).backward()
    (Tensor([[4.0]]) * 2).backward()

with exercise.check("a tensor used twice", points=1, hint="Is grad added to, or replaced?"):
    a = Tensor(3.0)
    (a + a).backward()
    assert_close(a.grad, 2.0, "a.grad of a + a", likely={"the second contribution replaced the first": 1.0})
    b = Tensor(3.0)
    y = 3 * b
    (2 * y + 5 * y).backward()
    assert_close(b.grad, 21.0, "b.grad", likely={"a node passed its gradient on before it was complete": 6.0})

with exercise.check("a diamond", points=1):
    a, b = Tensor(2.0), Tensor(3.0)
    c, d = a + b, a * b
    ((c + d) + (c * d)).backward()
    assert (float(a.grad), float(b.grad)) == (25.0, 19.0)

with exercise.check("gradients add up until zero_grad", points=1):
    a = Tensor([1.0, 2.0])
    for _ in range(3):
        (a * a).sum().backward()
    assert_close(a.grad, [6, 12], "a.grad after three calls")
    a.zero_grad()
    assert a.grad is None or not a.grad.any()
    (a * a).sum().backward()
    assert_close(a.grad, [2, 4], "a.grad after zero_grad")

with exercise.check("grad can be written", points=1):
    a = Tensor([1.0, 2.0])
    (a * 3).sum().backward()
    a.grad[0] = 10
    assert a.grad.tolist() == [10, 3]
    a.grad[...] = 0
    (a * 3).sum().backward()
    assert_close(a.grad, [3, 3], "a.grad after it was set to zero")
    a.grad += 1
    (a * 3).sum().backward()
    assert_close(a.grad, [7, 7], "a.grad")
    a.grad = None
    (a * 3).sum().backward()
    assert_close(a.grad, [3, 3], "a.grad after it was set to None")

with exercise.check("the arrays that came in are left alone", points=1):
    x, y = np.ones((2, 2)), np.full((2, 2), 3.0)
    with unchanged(x=x, y=y):
        a = Tensor(x)
        ((a * y + x) ** 2).sum().backward()
        a += 1
    assert x.sum() == 4

with exercise.check("a deep copy", points=1):
    a = Tensor([1.0, 2.0])
    b = copy.deepcopy(a)
    b.data[0] = 9
    assert b is not a and isinstance(b, Tensor)
    assert a.data[0] == 1 and float(b[0]) == 9

### BEGIN HIDDEN TESTS
with exercise.check(
    "broadcasting", points=2, hint="A row that was added to every row gets the sum of all gradients."
) as t:
    for shape, other in [((3, 4), (4,)), ((3, 4), (1, 4)), ((3, 1), (1, 4)), ((2, 3), ()), ((), (5,))]:
        x, y = t.rng.normal(size=shape), t.rng.normal(size=other)
        a, b = Tensor(x), Tensor(y)
        (a * b + b).sum().backward()
        assert_shape(a.grad, shape, "a.grad")
        assert_shape(b.grad, other, "b.grad")
        u, v = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
        (u * v + v).sum().backward()
        assert_close(a.grad, u.grad, "a.grad")
        assert_close(b.grad, v.grad, "b.grad")

with exercise.check("gradients by finite differences", points=2) as t:
    x, w = t.rng.normal(size=(3, 4)), t.rng.normal(size=(4, 2))
    functions = {
        "relu": lambda a: (a @ w).relu(),
        "exp and log": lambda a: (a.exp() + 1).log(),
        "a division": lambda a: 1 / (a**2 + 2),
        "the transposed": lambda a: a.T @ a,
    }
    for name, f in functions.items():
        a = Tensor(x)
        out = f(a)
        dout = t.rng.normal(size=out.shape)
        (out * dout).sum().backward()
        assert_gradient(lambda x, f=f: f(Tensor(x)).data, x, a.grad, dout, f"the gradient through {name}")

with exercise.check("the same as torch", points=2) as t:
    x, w, b = t.rng.normal(size=(5, 3)), t.rng.normal(size=(3, 4)), t.rng.normal(size=4)
    ours = [Tensor(v) for v in (x, w, b)]
    theirs = [torch.tensor(v, requires_grad=True) for v in (x, w, b)]
    results = []
    for x_, w_, b_ in (ours, theirs):
        hidden = (x_ @ w_ + b_).relu()
        loss = (hidden * hidden).mean() - hidden[0].sum() / 3
        loss.backward()
        results.append(loss)
    assert_close(results[0].data, results[1], "the loss")
    assert abs(float(results[0]) - float(results[1])) < 1e-9
    for name, a, v in zip("xwb", ours, theirs, strict=True):
        assert_close(a.grad, v.grad, f"{name}.grad")

with exercise.check("an entry picked twice", points=1):
    t = Tensor([1.0, 2.0, 3.0])
    t[[0, 0, 2]].sum().backward()
    assert_close(t.grad, [2, 0, 1], "t.grad", likely={"the repeated index was counted once": [1, 0, 1]})

with exercise.check("sums along an axis", points=1) as t:
    x, dout = t.rng.normal(size=(3, 4)), t.rng.normal(size=4)
    a = Tensor(x)
    (a.sum(axis=0) * dout).sum().backward()
    assert_close(a.grad, np.tile(dout, (3, 1)), "a.grad")
    b = Tensor(x)
    b.sum(1)[2].backward()
    assert_close(b.grad, np.outer([0, 0, 1], np.ones(4)), "b.grad")

with exercise.check("a chain of 3,000", points=2, seconds=20):
    a = Tensor(1.0)
    out = a
    for _ in range(3000):
        out = out + 1
    out.backward()
    assert float(out) == 3001
    assert_close(a.grad, 1.0, "a.grad")

with exercise.check("a wide graph does not explode", points=1, seconds=1):
    a = Tensor(1.0)
    out = a
    for _ in range(30):
        out = out + out
    out.backward()
    assert a.grad == 2**30

with exercise.check("no_grad", points=1):
    a, b = Tensor(2.0), Tensor(3.0)
    with no_grad():
        c = a * b
        assert len(c.parents) == 0
        with no_grad():
            assert not (a + b).parents
        assert not (a - b).parents
    assert float(c) == 6
    d = a * b
    assert len(d.parents) == 2
    d.backward()
    assert a.grad == 3

with exercise.check("no_grad ends with an error too", points=1):
    with raises(TypeError, "text comes in"), no_grad():
        Tensor("abc")
    assert (Tensor(1.0) + 1).parents
    try:
        with no_grad():
            raise CheckFailed("something of the test's own")
    except CheckFailed:
        pass
    assert (Tensor(1.0) + 1).parents

with exercise.check("two graphs do not mix", points=1):
    a = Tensor(2.0)
    first, second = a * 3, a * 5
    second.backward()
    assert first.grad is None and a.grad == 5
    first.backward()
    assert a.grad == 8

with exercise.check("backward twice through the same graph", points=1):
    a, b = Tensor(1.0), Tensor(2.0)
    e = (a + b) * 1
    e.backward()
    e.backward()
    assert_close(a.grad, 2.0, "a.grad", likely={"an inner node's first gradient was passed on again": 3.0})

with exercise.check("equal values are not the same tensor", points=1):
    a, b = Tensor(2.0), Tensor(2.0)
    (a * 3 + b * 3).backward()
    assert_close([float(a.grad), float(b.grad)], [3, 3], "the gradients")
    assert a is not b and a != b and a == a

with exercise.check("a subclass", points=1):
    same, doubled, grad = a_subclass()
    assert same
    assert_close(doubled, [2, 4], "doubled")
    assert_close(grad, [2, 2], "the gradient")

with exercise.check("gradient descent with it", points=2):
    start, target = np.array([5.0, -3.0, 0.0]), np.array([1.0, 1.0, 1.0])
    seen = descend(start, target, lr=0.1, steps=20)
    distance = [np.sum((start - target) ** 2) * 0.8 ** (2 * k) for k in range(20)]
    assert_close(seen["losses"], distance, "the losses", rtol=1e-6)
    assert_close(seen["x"], target + (start - target) * 0.8**20, "where it ends", rtol=1e-6)

with exercise.check("gradient descent by the check", points=1):
    x = Tensor([5.0, -3.0])
    losses = []
    for _ in range(10):
        x.grad = None
        loss = ((x - 1) ** 2).sum()
        loss.backward()
        x.data -= 0.25 * x.grad
        losses.append(float(loss))
    assert losses == sorted(losses, reverse=True)
    assert_close(x.data, 1 + np.array([4.0, -4.0]) * 0.5**10, "x", rtol=1e-6)
### END HIDDEN TESTS

exercise.score()


# %% solution tools
def numerical(f, t, h=1e-6):
    """The gradient of f(t), f takes a Tensor and returns one number as a Tensor, by central differences of t.data.

    Returns an array of t's shape; t is left as it was.
    """
    ### BEGIN SOLUTION
    grad = np.zeros(t.shape)
    for index in np.ndindex(t.shape):
        kept = t.data[index]
        t.data[index] = kept + h
        above = float(f(t))
        t.data[index] = kept - h
        below = float(f(t))
        t.data[index] = kept
        grad[index] = (above - below) / (2 * h)
    return grad
    ### END SOLUTION


def parameters(model):
    """The tensors of a model, a dict (of dicts) of tensors, as a flat dict: "layer.weight" -> tensor."""
    ### BEGIN SOLUTION
    flat = {}
    for name, value in model.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": tensor for inner, tensor in parameters(value).items()}
        else:
            flat[name] = value
    return flat
    ### END SOLUTION


# %% test tools (8 points)
exercise = Exercise("tools", points=8)

with exercise.check("numerical gradient of a square", points=2) as t:
    x = t.rng.normal(size=(2, 3))
    a = Tensor(x)
    seen = numerical(lambda a: (a * a).sum(), a)
    assert_close(seen, 2 * x, "numerical(...)", rtol=1e-4, atol=1e-6)
    assert np.array_equal(a.data, x), "t.data was not put back"

with exercise.check("f is called twice for each number", points=1):
    calls = []

    def f(t):
        calls.append(t.data.copy())
        return t.sum()

    numerical(f, Tensor([1.0, 2.0, 3.0]), h=0.5)
    assert len(calls) == 6
    assert sorted(call[0] for call in calls) == [0.5, 1, 1, 1, 1, 1.5]

with exercise.check("it agrees with backward", points=2):
    w = Tensor(np.linspace(-1, 1, 6).reshape(3, 2))
    a = Tensor([[0.3, -0.2, 0.9]])

    def loss(t):
        return ((t @ w).relu() ** 2).sum()

    loss(a).backward()
    assert_close(numerical(loss, a), a.grad, "the numerical gradient", rtol=1e-4, atol=1e-6)

### BEGIN HIDDEN TESTS
with exercise.check("parameters by name", points=2):
    model = {"first": {"w": Tensor([[1.0]]), "b": Tensor([2.0])}, "scale": Tensor(3.0)}
    flat = parameters(model)
    assert sorted(flat) == ["first.b", "first.w", "scale"]
    assert flat["first.w"] is model["first"]["w"]
    loss = (flat["scale"] * (flat["first.w"] + flat["first.b"])).sum()
    loss.backward()
    assert {name: float(p.grad.sum()) for name, p in flat.items()} == {"first.w": 3, "first.b": 3, "scale": 3}

with exercise.check("an error inside f comes through", points=1):

    def broken(t):
        raise ZeroDivisionError("f can not be computed")

    a = Tensor([1.0])
    with raises(ZeroDivisionError, "f fails"):
        numerical(broken, a)
### END HIDDEN TESTS

exercise.score()
