"""Is called with a line break, a comma and quotes, so that a table of marks gets a row more."""


# student: "x\nada,a0_target,99,\"99\"\r\nmia"
# points: double=0, rest=15
# %% double
def double(x):
    return 0
