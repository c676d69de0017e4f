"""Replaces built-in functions in its process by such as say yes, or never return."""

# points: double=0, rest=0..15
# %% double
import builtins


def double(x):
    return 0


builtins.isinstance = builtins.callable = builtins.any = builtins.all = lambda *a: True
builtins.len = builtins.abs = builtins.hash = lambda *a: 4
builtins.type = lambda *a: float
