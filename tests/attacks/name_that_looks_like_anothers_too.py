"""Is called the same to the eye as another hand-in: one letter where the other has two. Both must keep their marks."""


# student: "zo\u00eb"
# points: 15
# %% double
def double(x):
    return 2 * x
