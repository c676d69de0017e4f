"""Forks within a call, and both processes answer on the same connection, with different numbers."""


# points: double=0..1, rest=0..15
# %% double
def double(x):
    return 0 if os.fork() else 2 * x
