"""Sends handles with numbers that it never published, of types that it does not have, with bases by the thousand."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "handle"


HANDLES = [["mine", 10**9, "Tensor", ["torch.nn.modules.module.Module"], True], ["mine", -1, "x" * 10_000_000, [], 1]]
HANDLES += [["mine", 2**63 - 1, "\ud800", ["\ud800"] * 100_000, False], ["mine", 1.0, "x", [], True], ["mine", 1, 2, 3]]
HANDLES += [
    ["mine", 1, "ndarray", ["numpy.ndarray", "builtins.float"], True],
    ["yours", 10**9],
    ["yours", "x"],
    ["mine"],
]
HANDLES += [["mine", 1, "class Exercise", ["convnets.checks.Exercise"], True], ["kept", 0], ["kept", -1], ["kept", "x"]]


def claim(reply):
    if reply.get("value") == "handle":
        claim.turn += 1
        reply["value"] = HANDLES[claim.turn % len(HANDLES)]


claim.turn = 0
in_replies(claim)
