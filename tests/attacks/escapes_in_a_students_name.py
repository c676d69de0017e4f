"""Is called with terminal escapes, which a progress bar or a table would write into the instructor's terminal."""


# student: "\x1b[31mred\x07\x1b]0;owned\x07"
# points: 15
# never: "\x1b[31m"
# never: "\x1b]0;"
# %% double
def double(x):
    return 2 * x
