"""Sends as printed: numbers, lists, nothing, text of 100 MB and lone surrogates."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return 0.0


OUTPUTS = [7, None, [], {"text": "x"}, "x" * 100_000_000, "\ud800" * 1000, b"\xff"]


def claim(reply):
    claim.turn += 1
    reply["output"] = OUTPUTS[claim.turn % len(OUTPUTS)]


claim.turn = 0
in_replies(claim)
