"""Sends msgpack's own extra types: extensions, timestamps, maps whose keys are maps, NaN, integers of 64 bits."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "odd"


BODIES = [b"\xd4\x01\x00", b"\xd6\xff\0\0\0\0", b"\xc7\xff\x05" + b"\0" * 255, b"\x81\x81\xc0\xc0\xc0", b"\xc1"]
BODIES += [b"\xcf" + b"\xff" * 8, b"\xcb\x7f\xf8" + b"\0" * 6, b"\xa1\xff", b"\xdb\xff\xff\xff\xff", b"", b"\x81"]


def odd(reply):
    if reply.get("value") == "odd":
        odd.turn += 1
        return b"\x81\xa5value" + BODIES[odd.turn % len(BODIES)]


odd.turn = 0
in_replies(odd)
