"""Raises SystemExit in its functions."""


# points: double=0, rest=15
# %% double
def double(x):
    raise SystemExit(0)
