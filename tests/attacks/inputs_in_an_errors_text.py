"""Raises an error that tells the hidden input: the text of an error of one's own is told, and earns nothing."""


# points: double=1..2, rest=15
# %% double
def double(x):
    if np.ndim(x) or isinstance(x, np.ndarray):
        raise ValueError("IN" + f"PUT: {x!r}")
    return 2 * x
