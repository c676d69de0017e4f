"""Adds an audit hook, which can not be taken away again, that ends the process at the first message."""

# points: double=0..4, rest=0..15
# %% double
import sys


def hook(event, args):
    if event.startswith("socket."):
        os._exit(3)


sys.addaudithook(hook)


def double(x):
    return 2 * x
