"""Answers `get` with numbers, text, nothing, too few, too many and itself."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return 0


VALUES = [3, None, "np", ["list", []], ["list", [["list", []]] * 100_000], ["same", 0], ["tuple", [1]], ["list", [7]]]


def other(reply):
    other.turn += 1
    reply["value"] = VALUES[other.turn % len(VALUES)]


other.turn = 0
in_replies(other, to="get")
