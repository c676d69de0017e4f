"""Returns a dict with one key of 40 MB; messages that name it must not grow with it."""


# points: stats=0, rest=15
# %% stats
def stats(x):
    return {"k" * 40_000_000: 1.0, "mean": 0.0}
