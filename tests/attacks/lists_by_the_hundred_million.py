"""Sends a frame of 200 MB that claims to be two hundred million empty lists and maps."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "many"


def many(reply):
    if reply.get("value") == "many":
        many.turn += 1
        count = 200_000_000
        body = (b"\x90", b"\x80", b"\xc0")[many.turn % 3] * count
        return b"\x81\xa5value\xdd" + count.to_bytes(4, "big") + body


many.turn = 0
in_replies(many)
