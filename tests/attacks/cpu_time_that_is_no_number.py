"""Says with every answer that it used text, nothing, infinitely much or not a number of seconds."""

# points: 0..15
# %% double
TIMES = ["x", None, float("nan"), float("inf"), [1], 2**63, {"a": 1}, "\ud800"]


def claim(reply):
    claim.turn += 1
    reply["cpu"] = TIMES[claim.turn % len(TIMES)]


claim.turn = 0
in_replies(claim)


def double(x):
    return 2 * x
