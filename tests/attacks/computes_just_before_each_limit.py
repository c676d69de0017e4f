"""Computes for nearly all the time of each check and of each cell."""

# points: 0..15
# within: 60
# %% double
import time


def slow(f, seconds=0.85):
    def late(*args, **kwargs):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass
        return f(*args, **kwargs)

    return late


double = slow(lambda x: 2 * x)
# %% stats
stats = slow(lambda x: {"mean": float(np.mean(x)), "spread": float(np.max(x) - np.min(x))})
# %% slope
slope = slow(lambda f, x: 2 * x)
# %% after slope
slow(int, 2.7)()
