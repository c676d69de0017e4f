"""Is called with 85 letters of three bytes each: as many as a folder's name can have."""


# student: "語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語語"
# points: 15
# %% double
def double(x):
    return 2 * x
