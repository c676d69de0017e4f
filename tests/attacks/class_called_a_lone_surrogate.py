"""Returns objects of classes that are called, on the wire, a lone surrogate; no file can hold that as text."""


# points: double=0, rest=0..15
# %% double
class Thing:
    pass


def double(x):
    return Thing()


def rename(reply):
    value = reply.get("value")
    if isinstance(value, list) and value[:1] == ["mine"] and value[2] == "Thing":
        value[2] = "\ud800"


in_replies(rename)
