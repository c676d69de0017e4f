"""Computes without end, and says with every answer that it used no time, or less than none."""

# points: 0..15
# within: 60
# %% double
import time


def busy(f):
    def late(*args, **kwargs):
        end = time.monotonic() + 0.9
        while time.monotonic() < end:
            pass
        return f(*args, **kwargs)

    return late


def deny(reply):
    deny.turn += 1
    for name in ("cpu", "seconds", "time"):
        if name in reply:
            reply[name] = [0, -1e300, 0.0, -(2**62)][deny.turn % 4]


deny.turn = 0
in_replies(deny)
double = busy(lambda x: 2 * x)
# %% stats
stats = busy(lambda x: {"mean": float(np.mean(x)), "spread": float(np.max(x) - np.min(x))})
# %% slope
slope = busy(lambda f, x: (f(x + 1e-3) - f(x - 1e-3)) / 2e-3)
