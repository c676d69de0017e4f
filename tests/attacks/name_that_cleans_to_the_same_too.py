"""The other one of two whose names differ in a control character only."""


# student: "eve\x08"
# points: 15
# %% double
def double(x):
    return 2 * x
