"""Sends generators of other kinds and with states that lack parts, are too large, or are handles and texts."""


# points: draw=0..1, rest=0..15
# %% draw
def draw(rng, n):
    return rng.normal(size=n)


STATES = [["dict", []], 7, ["dict", [["bit_generator", "MT19937"], ["state", ["dict", [["key", ["list", []]]]]]]]]
STATES += [["dict", [["bit_generator", "PCG64"], ["state", ["dict", [["state", ["int", "0x" + "f" * 20_000]]]]]]]]


def claim(reply):
    for change in reply.get("changes") or []:
        if isinstance(change[1], list) and change[1][:1] == ["Generator"]:
            claim.turn += 1
            change[1] = [
                "Generator",
                ["MT19937", "PCG64", "BitGenerator", "seed"][claim.turn % 4],
                STATES[claim.turn % 4],
            ]


claim.turn = 0
in_replies(claim)
