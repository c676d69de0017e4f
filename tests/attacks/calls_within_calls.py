"""Answers a call with a call with a call, so that the examiner's stack grows."""


# points: slope=0, rest=0..15
# %% slope
def slope(f, x):
    return f(Deeper(f))


class Deeper:
    def __init__(self, f):
        self.f = f

    def __mul__(self, other):
        return self.f(Deeper(self.f))

    __rmul__ = __mul__
