"""Returns the function that it was handed as its answer, and asks it for attributes, as if it were a number."""


# points: slope=0, rest=15
# %% slope
def slope(f, x):
    f.__float__ = 6.0 if hasattr(f, "__dict__") else None
    return f
