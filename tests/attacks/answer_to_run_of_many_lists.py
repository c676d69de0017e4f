"""Answers each `run` with as many small containers as a frame may hold."""


# points: 0..11
# %% double
def double(x):
    return 0


def large(reply):
    if reply.get("value", 0) is None:
        reply["value"] = ["list", [["list", [["list", []]] * 10]] * 90_000]


in_replies(large)
# %% after stats
1
# %% after counter
2
