"""Honest: calls the function that was handed over by a message of its own making, as `slope` is meant to call it.

It shows that the kit's requests reach the examiner: when it fails, the kit needs to learn the new wire.
"""


# points: 15
# %% slope
def slope(f, x, h=1e-3):
    above, below = (ask(f._ref, x + step)["value"] for step in (h, -h))
    return (above - below) / (2 * h)
