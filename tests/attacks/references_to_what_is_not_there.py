"""Sends references to objects that were never sent, to itself, and to the examiner's own by number."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "same"


SAME = [["same", 10**9], ["same", -1], ["same", "0"], ["same", 1.5], ["same"], ["same", None], ["same", 0]]
SAME += [["list", [["same", 0], ["same", 1], ["same", 2]]], ["tuple", [["same", i] for i in range(9)]]]


def claim(reply):
    if reply.get("value") == "same":
        claim.turn += 1
        reply["value"] = SAME[claim.turn % len(SAME)]


claim.turn = 0
in_replies(claim)
