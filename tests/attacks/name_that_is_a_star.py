"""Is called `*` and earns nothing: what is recorded for it must not be recorded for everybody."""


# student: "*"
# points: double=0, rest=15
# %% double
def double(x):
    return 0
