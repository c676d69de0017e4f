"""Sends arrays in orders that do not exist, and strided ones with many axes and none."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "array"


ORDERS = ["strided", "K", "", None, 7, ["C"], "F" * 100_000]
SHAPES = [[], [0], [1], [1] * 32, [0] * 32, [2, 0, 2**40]]


def claim(reply):
    if reply.get("value") == "array":
        claim.turn += 1
        shape, order = SHAPES[claim.turn % len(SHAPES)], ORDERS[claim.turn % len(ORDERS)]
        reply["value"] = ["array", "<f8", shape, order, True, b"" if 0 in shape else b"\0" * 8]


claim.turn = 0
in_replies(claim)
