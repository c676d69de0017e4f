"""Sends errors whose classes are called a lone surrogate, an escape, a word of Python's, nothing at all."""


# points: double=0, rest=0..15
# never: "\x1b[31m"
# %% double
def double(x):
    raise ValueError("\ud801")


NAMES = ["\ud800", "E\ud800", "\x1b[31m", "class", "", "__import__", "ª" * 5_000_000, "Ａ"]


def pose(reply):
    if "error" in reply:
        pose.turn += 1
        reply["error"]["mro"] = [NAMES[pose.turn % len(NAMES)], "ValueError"]


pose.turn = 0
in_replies(pose)
