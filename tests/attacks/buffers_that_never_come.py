"""Announces buffers that never come, are negative, are a billion, or add up to more than there is memory."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return 0.0


SIZES = [[2**40], [-1], [0] * 500_000, [1] * 500_000, [200 << 20], "x", 7, [1.5], [True], [[1]], [100 << 20] * 100]


def claim(reply):
    if reply.get("value") == 0.0:
        claim.turn += 1
        reply["buffers"] = SIZES[claim.turn % len(SIZES)]
        reply["value"] = ["array", "<f8", [1], "C", True, 0]


claim.turn = 0
in_replies(claim)
