"""Raises a NameError whose `name` is a lone surrogate; it needs no tampering."""


# points: double=0, rest=15
# %% double
def double(x):
    raise NameError("x", name="\ud800")
