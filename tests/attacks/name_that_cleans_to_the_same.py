"""Is called so that its name, cleaned of what no file should be called, is that of another hand-in."""


# student: "eve\x07"
# points: double=0, rest=15
# %% double
def double(x):
    return 0
