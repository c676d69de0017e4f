"""Sends a message that is a reply and a request at once, and requests where an answer is due."""


# points: double=0, rest=0..15
# %% double
def double(x):
    return 0.0


def both(reply):
    if reply.get("value") == 0.0:
        both.turn += 1
        functions = ["call", 0, -1, 2**60, ["list"], {"a": 1}, None, 1.5, b"call"]
        reply |= {"do": functions[both.turn % 9], "kept": [], "with": ["list", [["list", []], ["dict", []]]]}
        reply["drop"] = [1, -1, "x", 2**60]
        return reply


both.turn = 0
in_replies(both)
