"""Makes what it was handed grow, in place and without measure, so that the copy outside grows as well."""


# points: double=0, stats=0..1, rest=15
# %% double
def double(x):
    if isinstance(x, np.ndarray):
        x.resize((20_000_000,), refcheck=False)
    return x


# %% stats
def stats(x):
    x.resize((6_000_000,), refcheck=False)
    x[:] = 0
    return {"mean": 0.0, "spread": 0.0}
