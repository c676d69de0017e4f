"""Returns a dict of two hundred thousand keys."""


# points: stats=0, rest=15
# %% stats
def stats(x):
    return {f"key {i}": float(i) for i in range(200_000)}
