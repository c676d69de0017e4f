"""Is called like the honest student `ada` with a space behind, and earns nothing."""


# student: "ada "
# points: double=0, rest=15
# %% double
def double(x):
    return 0
