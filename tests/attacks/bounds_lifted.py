"""Lifts every bound of its own end and returns, raises and prints hundreds of megabytes of text, keys and numbers."""

# points: double=0, stats=0, rest=0..15
# %% double
in_replies(lambda reply: None)


def double(x):
    double.turn += 1
    text = "x" * (100 << 20)
    print(text)
    if double.turn % 2:
        raise ValueError(text)
    return [text, {text: 1.0}, [0.0] * 5_000_000, np.zeros(40_000_000)][double.turn % 4]


double.turn = 0


# %% stats
def stats(x):
    return {"k" * 60_000_000: 1.0, "mean": 0.0}
