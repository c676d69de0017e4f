"""Honest: its function returns rubbish and its wire puts the right number in; the process is the student's own.

It shows that what the kit does to the wire reaches the examiner: when it fails, the kit needs to learn the new wire.
"""

# points: 15
# %% double
inside = []


def double(x):
    inside.append(2 * x)
    return "rubbish"


def right(reply):
    if reply.get("value") == "rubbish" and inside:
        value = np.asarray(inside.pop(), float)
        reply["value"] = ["array", "<f8", list(value.shape), "C", True, value.tobytes()]


in_replies(right)
