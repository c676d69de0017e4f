"""Sends back random states for the whole process, which the examiner's own generators might take over."""


# points: draw=0..2, rest=0..15
# %% draw
def draw(rng, n):
    return rng.normal(size=n)


def claim(reply):
    key = b"\0" * 2496
    state = {"numpy": [key, -(2**31) + 1, 0, 0.0], "random": [3, [0] * 625, None], "torch": b"x", "grad": "no"}
    reply["state"] = [state, 7, {"numpy": key, "cuda": 1}][claim.turn % 3]
    claim.turn += 1


claim.turn = 0
in_replies(claim)
