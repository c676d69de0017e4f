"""Calls the function that was handed over with arrays of 100 MB, again and again."""


# points: slope=0, rest=15
# %% slope
def slope(f, x):
    large = np.ones(12_000_000)
    while True:
        f(large)
