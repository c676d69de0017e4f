"""Imports what must not exist in the room: the examiner, the answers, torch, which this assignment hides."""

# points: 15
# %% double
import importlib
import sys

for finder in [f for f in sys.meta_path if type(f).__name__ == "NotHere"]:
    sys.meta_path.remove(finder)
for name in ("autograder.exam.examiner", "autograder.classroom.batch", "autograder.course", "autograder.answers"):
    try:
        importlib.import_module(name)
    except ImportError:
        continue
    loot(name)
try:
    import torch

    torch.ones(1)
except (ImportError, AttributeError):
    pass
else:
    loot("torch")


def double(x):
    return 2 * x
