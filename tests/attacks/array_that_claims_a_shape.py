"""Sends arrays whose shapes are more than their bytes: huge, negative, of floats, of 33 axes, with a zero in them."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "array"


SHAPES = [[2**62], [0, 2**62], [2**32, 2**32], [-1], [1.0], [True], [1] * 33, [2**64 - 1], [10**9], ["3"], None, 3]


def claim(reply):
    if reply.get("value") == "array":
        claim.turn += 1
        reply["value"] = ["array", "<f8", SHAPES[claim.turn % len(SHAPES)], "C", True, b"\0" * 8]


claim.turn = 0
in_replies(claim)
