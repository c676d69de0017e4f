"""Recurses without end: in a function, in a repr, in a comparison, in a call back and forth with the examiner."""


# points: double=0, slope=0, counter=0..1, rest=15
# %% double
def double(x):
    return double(x) + 1


# %% counter
class Counter:
    def __init__(self, start):
        self.value = self

    count = share = lambda self, *a, **k: self.count()
    __iter__ = lambda self: iter(self)
    __repr__ = lambda self: repr(self)
    __eq__ = lambda self, other: self == other


# %% slope
class Again:
    def __init__(self, f):
        self.f = f

    def __mul__(self, other):
        return self.f(self)

    __rmul__ = __mul__


def slope(f, x):
    return f(Again(f))
