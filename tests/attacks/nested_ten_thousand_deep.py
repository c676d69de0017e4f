"""Sends msgpack nested ten thousand and a million deep, as bytes and as tagged values."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "deep"


def deep(reply):
    if reply.get("value") == "deep":
        deep.turn += 1
        many = (1_000, 10_000, 1_000_000)[deep.turn % 3]
        head = b"\x81\xa5value"
        if deep.turn % 2:
            return head + b"\x91" * many + b"\xc0"
        return head + (b"\x92\xa4list\x91") * many + b"\xc0"


deep.turn = 0
in_replies(deep)
