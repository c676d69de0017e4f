"""Honest: raises what an attack that got something would raise; it must be seen, or no other file here shows anything."""


# points: double=0
# says: LOOT: seen
# %% double
def double(x):
    loot("seen")
