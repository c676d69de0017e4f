"""Returns dicts whose keys are lone surrogates, NUL and the right names with something invisible in them."""


# points: stats=0, rest=15
# %% stats
def stats(x):
    return {"\ud800": 1.0, "mean\u200b": 1.0, "spread\0": 2.0, "\udfff": 3.0}
