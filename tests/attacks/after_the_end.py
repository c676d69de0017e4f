"""Leaves work for the end: at exit, on collection, in finalizers, in threads that are joined; none of it ever ends."""

# points: double=4, rest=15
# %% double
import atexit
import gc
import threading
import time
import weakref


def never():
    while True:
        time.sleep(0.01)


class Never:
    def __del__(self):
        never()


atexit.register(never)
threading._register_atexit(never)
threading.Thread(target=never).start()
thing = Never()
weakref.finalize(thing, never)


def double(x):
    return 2 * x
