"""Takes nearly all the time of each check and of each cell: only the bound on a whole hand-in ends it."""

# points: 0..15
# within: 60
# %% double
import time


def slow(f, seconds=0.85):
    def late(*args, **kwargs):
        time.sleep(seconds)
        return f(*args, **kwargs)

    return late


double = slow(lambda x: 2 * x)
time.sleep(2.7)
# %% stats
stats = slow(lambda x: {"mean": float(np.mean(x)), "spread": float(np.max(x) - np.min(x))})
time.sleep(2.7)
# %% draw
draw = slow(lambda rng, n: rng.normal(size=n))
time.sleep(2.7)
# %% after stats
time.sleep(2.7)
# %% after slope
time.sleep(2.7)
