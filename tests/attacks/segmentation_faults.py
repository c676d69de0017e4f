"""Crashes the interpreter in functions: a null pointer, an abort, an illegal instruction, a stack that is full."""

# points: double=0, stats=0, slope=0, rest=15
# %% double
import faulthandler


def double(x):
    faulthandler.disable()
    ctypes.string_at(0)


# %% stats
def stats(x):
    libc.abort()


# %% slope
import sys


def slope(f, x):
    sys.setrecursionlimit(10**9)

    def deep(n):
        return [deep(n + 1)].__repr__()

    return deep(0)
