"""Sends arrays of text of width 0: no bytes fill any shape of it, and NumPy makes each item wider."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "array"


TYPES = ["<U0", "|S0", "<U00", "|S000"]


def claim(reply):
    if reply.get("value") == "array":
        claim.turn += 1
        reply["value"] = ["array", TYPES[claim.turn % 4], [2_000_000_000], "C", True, b""]


claim.turn = 0
in_replies(claim)
