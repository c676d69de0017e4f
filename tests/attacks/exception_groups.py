"""Raises groups of groups of errors, thousands deep and wide, with causes that lead round in a circle."""


# points: double=0, stats=0, rest=15
# %% double
def double(x):
    error = ValueError("x")
    for _ in range(500):
        error = ExceptionGroup("x" * 1000, [error, KeyError("y")])
    raise error


# %% stats
def stats(x):
    one, two = ValueError(1), ValueError(2)
    one.__cause__, two.__context__ = two, one
    raise BaseExceptionGroup("all of it", [KeyboardInterrupt(), SystemExit(), *[one, two] * 1000])
