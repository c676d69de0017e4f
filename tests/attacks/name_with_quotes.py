"""Is called so that a careless SQL statement or page would end in the midst of it."""


# student: "Robert'); DROP TABLE student;-- \"><script>alert(1)<"
# points: 15
# pages: "<script>alert(1)"
# %% double
def double(x):
    return 2 * x
