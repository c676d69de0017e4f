"""Is called like a pattern of nbgrader's, which would match every other student's folder."""


# student: "[a-z]*"
# points: 15
# %% double
def double(x):
    return 2 * x
