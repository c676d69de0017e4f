"""Each operation hangs a closure on its result that adds to its operands' gradients; graphs are ordered by age."""

# %% tensor
import contextlib
import itertools

ages = itertools.count()
recording = [True]


@contextlib.contextmanager
def no_grad():
    recording.append(False)
    try:
        yield
    finally:
        recording.pop()


def unbroadcast(grad, like):
    while np.ndim(grad) > np.ndim(like):
        grad = grad.sum(axis=0)
    for axis, n in enumerate(np.shape(like)):
        if n == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


class Tensor:
    __array_priority__ = 1000

    def __init__(self, data):
        try:
            self.data = np.array(data, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(f"a Tensor is made from numbers, but not from {data!r}") from None
        if data is None:
            raise TypeError("None is no number")
        self.grad = None
        self.parents = ()
        self.push = None
        self.age = next(ages)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        by_name = {"add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "true_divide": "__rtruediv__"}
        by_name |= {"divide": "__rtruediv__", "matmul": "__rmatmul__", "greater": "__lt__", "less": "__gt__"}
        if method != "__call__" or ufunc.__name__ not in by_name:
            return NotImplemented
        return getattr(self, by_name[ufunc.__name__])(inputs[0])

    @staticmethod
    def of(value):
        return value if isinstance(value, Tensor) else Tensor(value)

    @classmethod
    def made(cls, data, parents, *slopes):
        """A result, and how each parent's gradient follows from the result's."""
        out = Tensor(data)
        if recording[-1]:
            out.parents = tuple(parents)
            out.push = lambda arriving: [unbroadcast(slope(arriving), p.data) for p, slope in zip(parents, slopes)]
        return out

    def __add__(self, other):
        other = Tensor.of(other)
        return Tensor.made(self.data + other.data, (self, other), lambda g: g, lambda g: g)

    def __neg__(self):
        return Tensor.made(-self.data, (self,), lambda g: -g)

    def __sub__(self, other):
        other = Tensor.of(other)
        return Tensor.made(self.data - other.data, (self, other), lambda g: g, lambda g: -g)

    def __mul__(self, other):
        other = Tensor.of(other)
        a, b = self.data, other.data
        return Tensor.made(a * b, (self, other), lambda g: g * b, lambda g: g * a)

    def __truediv__(self, other):
        other = Tensor.of(other)
        a, b = self.data, other.data
        return Tensor.made(a / b, (self, other), lambda g: g / b, lambda g: -g * a / b / b)

    def __pow__(self, n):
        return Tensor.made(np.power(self.data, n), (self,), lambda g: g * n * np.power(self.data, n - 1))

    def __matmul__(self, other):
        other = Tensor.of(other)
        a, b = self.data, other.data
        return Tensor.made(a @ b, (self, other), lambda g: g @ b.T, lambda g: a.T @ g)

    def __radd__(self, other):
        return Tensor.of(other) + self

    def __rsub__(self, other):
        return Tensor.of(other) - self

    def __rmul__(self, other):
        return Tensor.of(other) * self

    def __rtruediv__(self, other):
        return Tensor.of(other) / self

    def __rmatmul__(self, other):
        return Tensor.of(other) @ self

    def _write(self, data):
        np.copyto(self.data, data)
        return self

    def __iadd__(self, other):
        return self._write(self.data + Tensor.of(other).data)

    def __isub__(self, other):
        return self._write(self.data - Tensor.of(other).data)

    def __imul__(self, other):
        return self._write(self.data * Tensor.of(other).data)

    def __ifloordiv__(self, other):
        return self._write(self.data // Tensor.of(other).data)

    def __gt__(self, other):
        return np.greater(self.data, Tensor.of(other).data)

    def __lt__(self, other):
        return np.less(self.data, Tensor.of(other).data)

    def __getitem__(self, index):
        def spread(g):
            grad = np.zeros(self.data.shape)
            np.add.at(grad, index, g)
            return grad

        return Tensor.made(self.data[index], (self,), spread)

    def __len__(self):
        return self.data.shape[0]

    def __float__(self):
        return self.data.item()

    def __repr__(self):
        return "Tensor(" + str(np.around(self.data, 4).tolist()) + ")"

    shape = property(lambda self: self.data.shape)
    T = property(lambda self: Tensor.made(self.data.T, (self,), lambda g: g.T))

    def sum(self, axis=None):
        kept = np.sum(self.data, axis=axis, keepdims=True).shape
        return Tensor.made(
            np.sum(self.data, axis=axis), (self,), lambda g: np.reshape(g, kept) * np.ones(self.data.shape)
        )

    def mean(self):
        return Tensor.made(np.mean(self.data), (self,), lambda g: np.full(self.data.shape, g / self.data.size))

    def relu(self):
        return Tensor.made(np.where(self.data > 0, self.data, 0), (self,), lambda g: np.where(self.data > 0, g, 0))

    def exp(self):
        return Tensor.made(np.exp(self.data), (self,), lambda g: g * np.exp(self.data))

    def log(self):
        return Tensor.made(np.log(self.data), (self,), lambda g: g / self.data)

    def zero_grad(self):
        self.grad = np.zeros(self.data.shape)

    def backward(self):
        if self.data.size > 1:
            raise ValueError("there must be one number to start from, and there are %d" % self.data.size)
        nodes, stack = {}, [self]
        while stack:
            node = stack.pop()
            if node.age not in nodes:
                nodes[node.age] = node
                stack += node.parents
        flowing = {self.age: np.ones(self.data.shape)}
        for age in sorted(nodes, reverse=True):
            node, arriving = nodes[age], flowing[age]
            node.grad = arriving.copy() if node.grad is None else node.grad + arriving
            if node.push is not None:
                for parent, share in zip(node.parents, node.push(arriving)):
                    flowing[parent.age] = flowing.get(parent.age, 0) + share


example = Tensor([[1, 2], [3, 4]])


# %% tools
def numerical(f, t, h=1e-6):
    grad = np.zeros_like(t.data).ravel()
    values = t.data.reshape(-1)
    for i in range(values.size):
        ends = []
        for shift in (h, -h):
            kept = values[i].copy()
            values[i] += shift
            try:
                ends.append(float(f(t)))
            finally:
                values[i] = kept
        grad[i] = (ends[0] - ends[1]) / (2 * h)
    return grad.reshape(t.shape)


def parameters(model):
    def walk(part, path):
        if isinstance(part, Tensor):
            yield ".".join(path), part
        else:
            for name in part:
                yield from walk(part[name], [*path, name])

    return dict(walk(model, []))
