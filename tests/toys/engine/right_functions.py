"""One class for each operation, as in early PyTorch; operators are attached to Tensor in a loop."""

# %% tensor
import operator


class State:
    on = True


class no_grad:
    def __enter__(self):
        self.kept = State.on
        State.on = False
        return self

    def __exit__(self, kind, error, trace):
        State.on = self.kept
        return False


class Function:
    """forward takes arrays; backward takes the gradient that arrives and returns one for each array."""

    def __call__(self, *operands, **options):
        operands = [x if isinstance(x, Tensor) else Tensor(x) for x in operands]
        self.options = options
        self.arrays = [x.data for x in operands]
        out = Tensor(self.forward(*self.arrays))
        if State.on:
            out.parents, out.function = tuple(operands), self
        return out


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, g, a, b):
        return g, g


class Sub(Function):
    def forward(self, a, b):
        return a - b

    def backward(self, g, a, b):
        return g, -g


class Mul(Function):
    def forward(self, a, b):
        return a * b

    def backward(self, g, a, b):
        return g * b, g * a


class Div(Function):
    def forward(self, a, b):
        return a / b

    def backward(self, g, a, b):
        return g / b, -g * a / b**2


class MatMul(Function):
    def forward(self, a, b):
        return a @ b

    def backward(self, g, a, b):
        return g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g


class Pow(Function):
    def forward(self, a):
        return a ** self.options["n"]

    def backward(self, g, a):
        n = self.options["n"]
        return (n * a ** (n - 1) * g,)


class Unary(Function):
    """A function of each number; ``f`` and its derivative come with the call."""

    def forward(self, a):
        return self.options["f"](a)

    def backward(self, g, a):
        return (g * self.options["df"](a),)


class Index(Function):
    def forward(self, a):
        return a[self.options["index"]]

    def backward(self, g, a):
        out = np.zeros(a.shape)
        np.add.at(out, self.options["index"], g)
        return (out,)


class Sum(Function):
    def forward(self, a):
        return a.sum(axis=self.options["axis"])

    def backward(self, g, a):
        axis = self.options["axis"]
        return (np.zeros(a.shape) + (g if axis is None else np.expand_dims(g, axis)),)


class Transpose(Function):
    def forward(self, a):
        return a.transpose()

    def backward(self, g, a):
        return (g.transpose(),)


def shrink(gradient, shape):
    extra = gradient.ndim - len(shape)
    ones = [extra + i for i, n in enumerate(shape) if n == 1]
    return gradient.sum(axis=tuple([*range(extra), *ones])).reshape(shape)


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data):
        if isinstance(data, Tensor):
            data = data.data
        array = np.asarray(data)
        if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
            raise TypeError("a tensor holds numbers; this is " + type(data).__name__)
        self.data = np.array(array, float)
        self.grad = None
        self.parents = ()
        self.function = None

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, self.data.round(4).tolist())

    @property
    def shape(self):
        return self.data.shape

    @property
    def T(self):
        return Transpose()(self)

    def __neg__(self):
        return Mul()(-1, self)

    def __pow__(self, n):
        return Pow()(self, n=n)

    def __getitem__(self, index):
        return Index()(self, index=index)

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        for i in range(len(self.data)):
            yield self[i]

    def __float__(self):
        return float(self.data.reshape(()))

    def sum(self, axis=None):
        return Sum()(self, axis=axis)

    def mean(self):
        return self.sum() * (1 / self.data.size)

    def relu(self):
        return Unary()(self, f=lambda a: a * (a > 0), df=lambda a: (a > 0).astype(float))

    def exp(self):
        return Unary()(self, f=np.exp, df=np.exp)

    def log(self):
        return Unary()(self, f=np.log, df=np.reciprocal)

    def zero_grad(self):
        self.grad = None

    def backward(self):
        if self.data.size != 1:
            raise ValueError("backward needs a single number, and this has shape %s" % (self.shape,))
        waiting = {}  # how many children of each node have not spoken yet
        todo, met = [self], {self}
        while todo:
            for parent in todo.pop().parents:
                waiting[parent] = waiting.get(parent, 0) + 1
                if parent not in met:
                    met.add(parent)
                    todo.append(parent)
        sums, ready = {self: np.ones(self.shape)}, [self]
        while ready:
            node = ready.pop()
            g = sums.pop(node)
            node.grad = g if node.grad is None else node.grad + g
            if node.function is None:
                continue
            for parent, share in zip(node.parents, node.function.backward(g, *node.function.arrays)):
                share = shrink(np.asarray(share), parent.shape)
                sums[parent] = sums[parent] + share if parent in sums else share
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)


def attach(name, function):
    def method(self, other):
        return function()(self, other)

    def reflected(self, other):
        return function()(other, self)

    setattr(Tensor, f"__{name}__", method)
    setattr(Tensor, f"__r{name}__", reflected)


for name, function in {"add": Add, "sub": Sub, "mul": Mul, "truediv": Div, "matmul": MatMul}.items():
    attach(name, function)


def attach_in_place(name):
    plain = getattr(operator, f"__{name}__")

    def method(self, other):
        self.data[...] = plain(self.data, getattr(other, "data", other) if isinstance(other, Tensor) else other)
        return self

    setattr(Tensor, f"__i{name}__", method)


for name in ("add", "sub", "mul", "floordiv"):
    attach_in_place(name)

for name in ("gt", "lt"):
    setattr(Tensor, f"__{name}__", lambda self, other, f=getattr(operator, name): f(self.data, Tensor(other).data))

example = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]))


# %% tools
def numerical(f, t, h=1e-6):
    slopes = []
    original = t.data
    for i in range(original.size):
        nudge = np.zeros(original.size)
        nudge[i] = h
        nudge = nudge.reshape(original.shape)
        t.data = original + nudge
        up = float(f(t))
        t.data = original - nudge
        down = float(f(t))
        t.data = original
        slopes.append((up - down) / (h + h))
    return np.array(slopes).reshape(original.shape)


def parameters(model):
    flat = dict(model)
    while nested := [name for name, value in flat.items() if isinstance(value, dict)]:
        for name in nested:
            flat.update({name + "." + inner: value for inner, value in flat.pop(name).items()})
    return flat
