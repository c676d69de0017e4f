"""Raises KeyboardInterrupt in its functions, in a class of its own too."""


# points: double=0, stats=0, rest=15
# %% double
def double(x):
    raise KeyboardInterrupt


# %% stats
class Mine(KeyboardInterrupt):
    pass


def stats(x):
    raise Mine("stop the batch")
