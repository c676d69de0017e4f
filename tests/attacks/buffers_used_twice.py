"""Sends an array whose bytes are a buffer of another one, of number -1, of number a billion, or of itself."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "array"


NUMBERS = [0, -1, 10**9, True, 1.5, None, "0", [0]]


def claim(reply):
    if reply.get("value") == "array":
        claim.turn += 1
        reply["value"] = ["array", "<f8", [1], "C", True, NUMBERS[claim.turn % len(NUMBERS)]]


claim.turn = 0
in_replies(claim)
