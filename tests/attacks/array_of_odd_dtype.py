"""Sends arrays of objects, of nothing, of fields, of dates and of text a megabyte wide."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "array"


TYPES = ["|O", "O8", "|V8", "|V0", "<M8[ns]", "<U999999", "<f16", "<f3", "<i0", "(3,)<f8", "f8,f8", "\ud800", 7, None]


def claim(reply):
    if reply.get("value") == "array":
        claim.turn += 1
        kind = TYPES[claim.turn % len(TYPES)]
        kinds = (["array", kind, [1], "C", True, b"\0" * 8], ["scalar", kind, b"\0" * 8], ["dtype", kind])
        reply["value"] = kinds[claim.turn // len(TYPES) % 3]


claim.turn = 0
in_replies(claim)
