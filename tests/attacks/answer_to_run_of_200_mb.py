"""Answers each `run` with a text of 200 MB, which the examiner might keep for every cell."""


# points: 0..11
# %% double
def double(x):
    return 0


def large(reply):
    if reply.get("value", 0) is None:
        reply["value"] = "x" * (200 << 20)


in_replies(large)
# %% after stats
1
# %% after counter
2
# %% after slope
3
