"""Sleeps in a function: no CPU second is ever used up."""

# points: double=0, rest=15
# %% double
import time


def double(x):
    time.sleep(10**6)
