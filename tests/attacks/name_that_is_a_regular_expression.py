"""Is called like a regular expression that matches an honest student, and earns nothing."""


# student: "a(d|x)a"
# points: double=0, rest=15
# %% double
def double(x):
    return 0
