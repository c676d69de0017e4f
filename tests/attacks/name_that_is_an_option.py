"""Is called like an option of a command."""


# student: "--db=evil.db"
# points: 15
# %% double
def double(x):
    return 2 * x
