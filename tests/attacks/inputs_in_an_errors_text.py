"""Raises an error that tells the hidden input: it must not stand on a page that the student reads."""


# points: double=1..2, rest=15
# pages: "INPUT: "
# %% double
def double(x):
    if np.ndim(x) or isinstance(x, np.ndarray):
        raise ValueError("IN" + f"PUT: {x!r}")
    return 2 * x
