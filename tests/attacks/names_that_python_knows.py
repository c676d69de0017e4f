"""Answers `get` with names that mean something to Python: `__builtins__`, `__name__`, `__import__`."""

# points: double=0, rest=0..15
# %% double
import gc

STUDENT = next((o for o in gc.get_objects() if hasattr(type(o), "publish") and hasattr(type(o), "serve")), None)


def double(x):
    return x


def more(reply):
    mine = ["mine", *STUDENT.publish(lambda *a, **k: None)]
    reply["value"] = ["dict", [["__builtins__", ["dict", [["abs", mine]]]], ["__name__", "x"], ["__import__", mine]]]


in_replies(more, to="get")
