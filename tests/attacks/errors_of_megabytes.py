"""Sends errors whose classes, texts, places and names are megabytes long, and a thousand of each."""


# points: double=0, rest=0..15
# %% double
def double(x):
    raise ValueError


def large(reply):
    if "error" in reply:
        mro = ["E" * 30_000_000, *["E" * 1000] * 1000, "ValueError"]
        reply["error"] = {"mro": mro, "text": "x" * 50_000_000, "where": "y" * 20_000_000, "name": "z" * 20_000_000}


in_replies(large)
