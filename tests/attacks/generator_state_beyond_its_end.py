"""Sends a generator's state that points beyond its own memory: whoever draws from it reads what it must not, or crashes."""


# points: draw=0..1, rest=0..15
# %% draw
def draw(rng, n):
    draw.now = True
    return rng.normal(size=n)


def claim(reply):
    for change in reply.get("changes") or []:
        if isinstance(change[1], list) and change[1][:2] == ["Generator", "MT19937"]:
            for name, value in change[1][2][1]:
                for pair in value[1] if name == "state" else []:
                    if pair[0] == "pos":
                        pair[1] = -(2**31) + 1


in_replies(claim)
