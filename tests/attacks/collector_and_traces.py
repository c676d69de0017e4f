"""Hooks the interpreter: garbage collection, traces, profiles, audits, and unraisable errors, each of which never ends."""

# points: double=0..4, rest=0..15
# %% double
import gc
import sys
import threading

calls = []


def hook(*args):
    calls.append(args)
    if len(calls) > 20_000:
        while True:
            pass


def double(x):
    return 2 * x


gc.callbacks.append(hook)
sys.unraisablehook = sys.excepthook = threading.excepthook = hook
sys.setprofile(hook)
