"""Says that objects changed in place which were never handed over, a hundred thousand times, and of other kinds."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return 0.0


NUMBER = ["scalar", "<f8", b"\0" * 8]
CHANGES = [[[7, NUMBER, None]], [[-1, NUMBER, None]], [["0", ["list", []], None]], 7, [[0]], [7, 8], {"0": 1}]
CHANGES += [[[0, ["list", []], None], [0, ["dict", []], None]], [[0, NUMBER, NUMBER]], [[0, NUMBER, None]] * 100_000]
CHANGES += [[[i, ["array", "<f8", [2], "C", True, b"\0" * 16], None] for i in range(4)]]
CHANGES += [[[i, ["array", "<f8", [2, 2], "C", True, b"\0" * 32], None] for i in range(4)]]
CHANGES += [[[i, ["dict", [["x", "y"]]], None] for i in range(4)], [[i, ["list", [1, 2]], None] for i in range(4)]]


def claim(reply):
    claim.turn += 1
    reply["changes"] = CHANGES[claim.turn % len(CHANGES)]


claim.turn = 0
in_replies(claim, to="call")
