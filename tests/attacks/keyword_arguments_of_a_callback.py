"""Calls the handed function with odd arguments: objects of its own, ten thousand names, itself."""


# points: slope=0, rest=15
# %% slope
class Evil:
    def __mul__(self, other):
        return self

    __rmul__ = __mul__


def slope(f, x):
    for args, names in (((Evil(),), {}), ((), {f"x{i}": 1 for i in range(10_000)}), ((f,), {}), ((slope,), {})):
        try:
            f(*args, **names)
        except TypeError:
            pass
    return f(Evil())
