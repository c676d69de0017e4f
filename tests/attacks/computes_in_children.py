"""Lets children compute while it waits itself: its own CPU seconds stay at zero."""

# points: double=0..1, rest=0..15
# within: 60
# %% double
import time


def double(x):
    for _ in range(3):
        if os.fork() == 0:
            while True:
                pass
    time.sleep(600)
