"""Asks the examiner to apply a type (which is no function that was handed over) to a range: a list of a billion."""


# points: slope=0, rest=0..15
# %% slope
def slope(f, x):
    reply = ask("call", ["type", "list"], ["range", [0, 400_000_000, 1]])
    if "error" not in reply:
        loot("a list was made")
