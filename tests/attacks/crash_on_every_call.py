"""Ends the process on every call of every function, and in every cell of its own."""


# points: 0
# %% double
def die(*args, **kwargs):
    os._exit(1)


double = stats = Counter = slope = draw = die
# %% stats
die_again = die
# %% counter
Counter = die
# %% slope
slope = die
# %% draw
draw = die
