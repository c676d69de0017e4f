"""Says on the wire that its input has become zeros, and answers zeros; in the room nothing has changed."""


# points: double=0, rest=0..15
# %% double
def double(x):
    if isinstance(x, np.ndarray) and x.ndim:
        lie.now = True
        return np.zeros_like(x)
    return 0.0


def lie(reply):
    if lie.now:
        lie.now = False
        zeros = ["array", "<f8", [4], "C", True, b"\0" * 32]
        reply["changes"] = [[2, zeros, None]]
        reply["kept"] = [[number, zeros] for number in range(20)]


lie.now = False
in_replies(lie, to="call")
