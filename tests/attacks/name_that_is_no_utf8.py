"""Is called with a byte that is no UTF-8, which Python reads as a lone surrogate."""


# student: "j\udcffrgen"
# points: 15
# %% double
def double(x):
    return 2 * x
