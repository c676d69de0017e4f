"""Is called like a formula, which a spreadsheet that opens the exported marks would compute."""


# student: "=cmd|' -C calc'!A1"
# points: 15
# %% double
def double(x):
    return 2 * x
