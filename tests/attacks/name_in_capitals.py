"""Is called like the honest student `ada` in capitals, and earns nothing: some databases see one name there."""


# student: "ADA"
# points: double=0, rest=15
# %% double
def double(x):
    return 0
