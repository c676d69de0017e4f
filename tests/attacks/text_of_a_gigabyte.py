"""Returns, raises, names and prints texts of hundreds of megabytes."""


# points: double=0, rest=15
# %% double
def double(x):
    double.turn += 1
    text = "x" * (300 << 20)
    if double.turn % 2:
        raise ValueError(text)
    return text


double.turn = 0
