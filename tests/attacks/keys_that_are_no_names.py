"""Answers with maps whose keys are numbers, bytes, lists and maps, where names are needed."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return 0


def odd(reply):
    value = reply.get("value")
    if isinstance(value, list) and value[:1] == ["dict"]:
        value[1][:] += [[1, 1], [b"np", 1], [["list", []], 1], [["dict", []], 1], [None, 1], [float("nan"), 1]]


in_replies(odd)
