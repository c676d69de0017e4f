"""Assigns `__class__`, gives its classes names and modules of NumPy's and torch's, and lies about its bases."""


# points: double=0, counter=0..1, rest=15
# %% double
class ndarray(float):
    pass


ndarray.__module__ = "numpy"
ndarray.__qualname__ = "ndarray"


class Liar:
    __class__ = property(lambda self: float)
    __module__ = "torch"
    shape, dtype, ndim = (4,), np.dtype(float), 1

    def __array__(self, *args, **kwargs):
        return np.zeros(4)


def double(x):
    double.turn += 1
    return [ndarray(4), Liar(), type("dtype", (), {"__module__": "torch"})()][double.turn % 3] if np.ndim(x) else Liar()


double.turn = 0


# %% counter
class Counter(float):
    __class__ = property(lambda self: Counter)
    value = property(lambda self: self)
    count = share = lambda self, *a, **k: 1
    __iter__ = lambda self: iter([1.0, Liar()])
