"""Mistakes that real people make in small autograd engines, as changes of the reference's text."""

PUSH = "grads[id(parent)] = grads.get(id(parent), 0) + g"
KEEP = "node.grad = grad if node.grad is None else node.grad + grad"
LOOP = "for node in reversed(order):"

#: exercise, title, checks that are meant to catch it (at least one must), (what stands in the reference, instead) …
WRONG = [
    ("tensor", "the second contribution replaces the first", "a tensor used twice", (PUSH, "grads[id(parent)] = g")),
    ("tensor", "gradients do not add up over calls", "gradients add up until zero_grad", (KEEP, "node.grad = grad")),
    ("tensor", "children before parents", "backward of a product", (LOOP, "for node in order:")),
    (
        *("tensor", "depth first without an order", "a wide graph does not explode"),
        (
            "        order, seen, todo = [], set(), [(self, False)]\n",
            "        def push(node, grad):\n"
            "            node.grad = grad if node.grad is None else node.grad + grad\n"
            "            for parent, g in zip(node.parents, node._backward(grad) if node._backward else ()):\n"
            "                push(parent, g)\n"
            "        return push(self, np.ones_like(self.data))\n"
            "        order, seen, todo = [], set(), [(self, False)]\n",
        ),
    ),
    (
        *("tensor", "inner gradients are passed on again", "backward twice through the same graph"),
        ("node._backward(grad)):", "node._backward(node.grad)):"),
    ),
    (
        *("tensor", "nodes are told apart by value", "equal values are not the same tensor"),
        ("elif id(node) not in seen:", "elif float(node.data.sum()) not in seen:"),
        ("seen.add(id(node))", "seen.add(float(node.data.sum()))"),
    ),
    (
        *("tensor", "a broadcast operand keeps the large gradient", "broadcasting"),
        ("lambda g: [_fit(g, self.shape), _fit(g, other.shape)]", "lambda g: [g, g]"),
    ),
    (
        *("tensor", "leading axes are not summed", "broadcasting"),
        ("grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))", "grad = grad * 1"),
    ),
    (
        *("tensor", "a repeated index counts once", "an entry picked twice"),
        ("np.add.at(grad, index, g)", "grad[index] += g"),
    ),
    (
        "tensor",
        "the sign of a difference",
        "subtract, divide, negate, raise",
        ("self + -_tensor(other)", "-self + other"),
    ),
    ("tensor", "a number on the left is not known", "numbers on either side", ("__radd__, __rmul__", "_a, _m")),
    (
        *("tensor", "NumPy takes the operation apart", "arrays on either side"),
        ("    __array_ufunc__ = None  # an array on the left leaves the operation to us\n", ""),
    ),
    (
        *("tensor", "in-place operators make a new tensor", "in-place operators write into the same tensor"),
        ("        self.data += _tensor(other).data\n        return self\n", "        return self + other\n"),
    ),
    (
        *("tensor", "the caller's array is taken as it is", "the arrays that came in are left alone"),
        ("array = np.array(data)", "array = np.asarray(data)"),
        ("array.astype(float)", "array.astype(float, copy=False)"),
    ),
    ("tensor", "float32 is kept", "numbers, lists and arrays of any dtype", ("array.astype(float)", "array")),
    ("tensor", "text is taken", "what is no number is refused", ('not in "biuf"', "in 'x'")),
    (
        *("tensor", "an error without a word of help", "what is no number is refused"),
        ('TypeError(f"numbers are needed, not {type(data).__name__}")', "TypeError('bad input')"),
    ),
    (
        *("tensor", "the other kind of error", "what is no number is refused"),
        ("raise TypeError", "raise ValueError"),
    ),
    (
        *("tensor", "no repr", "repr and str"),
        ('    def __repr__(self):\n        return f"Tensor({np.round(self.data, 4).tolist()})"\n\n', ""),
    ),
    (
        *("tensor", "a comparison says True or False", "comparisons"),
        ("return self.data > _tensor(other).data", "return bool((self.data > _tensor(other).data).all())"),
    ),
    (
        "tensor",
        "parents are copies",
        "parents are the very objects",
        (
            "self.parents = tuple(parents) if _recording else ()",
            "self.parents = tuple(Tensor(p.data) for p in parents) if _recording else ()",
        ),
    ),
    (
        *("tensor", "data hands out a copy", "data can be written"),
        (
            "        self.grad = None\n        self.parents",
            "        self.grad, self._array = None, self.data\n        self.parents",
        ),
        (
            "    @property\n    def shape",
            "    data = property(lambda self: self._array.copy(), lambda self, new: setattr(self, '_array', new))\n\n"
            "    @property\n    def shape",
        ),
        ("        self.data = array.astype(float)", "        self._array = array.astype(float)"),
    ),
    (
        *("tensor", "backward calls itself for each node", "a chain of 3,000"),
        (
            "        order, seen, todo = [], set(), [(self, False)]\n        while todo:\n",
            "        order, seen, todo = [], set(), []\n\n"
            "        def visit(node):\n"
            "            if id(node) not in seen:\n"
            "                seen.add(id(node))\n"
            "                for parent in node.parents:\n"
            "                    visit(parent)\n"
            "                order.append(node)\n\n"
            "        visit(self)\n"
            "        while todo:\n",
        ),
    ),
    ("tensor", "backward from anything", "backward starts from one number", ("self.data.size != 1", "False")),
    ("tensor", "a constant's slope in relu", "gradients by finite differences", ("(self.data > 0)])", "1.0])")),
    (
        *("tensor", "matmul's factors are swapped", "the same as torch"),
        ("g @ other.data.T, self.data.T @ g", "(other.data @ g.T).T, (g.T @ self.data).T * 2"),
    ),
    (
        *("tensor", "no_grad stays on after an error", "no_grad ends with an error too"),
        ("        _recording = self.before", "        _recording = self.before and error[0] is None"),
    ),
    (
        *("tensor", "no_grad does not nest", "no_grad"),
        ("        _recording = self.before", "        _recording = True"),
    ),
    (
        *("tensor", "no_grad as a generator without finally", "no_grad ends with an error too"),
        (
            "class no_grad:",
            "import contextlib\n\n\n@contextlib.contextmanager\ndef no_grad():\n    global _recording\n"
            "    before, _recording = _recording, False\n    yield\n    _recording = before\n\n\nclass _unused:",
        ),
    ),
    ("tensor", "len is the number of entries", "length, float, iteration", ("len(self.data)", "self.data.size")),
    (
        *("tools", "t is not put back", "numerical gradient of a square"),
        ("        t.data[index] = kept\n        grad", "        grad"),
    ),
    (
        *("tools", "forward differences", "f is called twice for each number"),
        ("t.data[index] = kept - h", "t.data[index] = kept"),
        ("(2 * h)", "h"),
    ),
    ("tools", "divided by h only", "numerical gradient of a square", ("(2 * h)", "h")),
    ("tools", "f gets an array", "f is called twice for each number", ("float(f(t))", "float(f(t.data))")),
    ("tools", "names of the last level only", "parameters by name", ('f"{name}.{inner}"', "inner")),
    (
        "tools",
        "copies of the parameters",
        "parameters by name",
        ("flat[name] = value", "flat[name] = Tensor(value.data)"),
    ),
    (
        *("tools", "errors of f are swallowed", "an error inside f comes through"),
        (
            "        above = float(f(t))",
            "        try:\n            above = float(f(t))\n        except Exception:\n            above = 0.0",
        ),
        (
            "        below = float(f(t))",
            "        try:\n            below = float(f(t))\n        except Exception:\n            below = 0.0",
        ),
    ),
]
