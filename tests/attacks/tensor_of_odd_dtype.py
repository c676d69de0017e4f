"""Sends tensors, though the assignment has no torch: of unknown types, of text, integers that want gradients."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return "tensor"


KINDS = [("float32", False, "<U2"), ("bfloat16", True, "<f8"), ("int64", True, "<i8"), ("storage", False, "<f8")]
KINDS += [("__class__", False, "<f8"), ("float32", "yes", "<i8"), ("quint8", False, "|u1"), (None, None, None)]


def claim(reply):
    if reply.get("value") == "tensor":
        claim.turn += 1
        name, grad, kind = KINDS[claim.turn % len(KINDS)]
        reply["value"] = ["tensor", name, grad, kind, [1], "C", True, b"\0" * 8]


claim.turn = 0
in_replies(claim)
