"""Is called like the honest student `zoe`, written with a diaeresis that is a letter of its own, and earns nothing."""


# student: "zoe\u0308"
# points: double=0, rest=15
# %% double
def double(x):
    return 0
