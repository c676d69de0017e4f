"""Calls functions of the examiner's by numbers that were never given out."""


# points: slope=0, rest=0..15
# %% slope
def slope(f, x):
    for number in (*range(0, 40), -1, 2**40, f._ref + 1, True, 1.0):
        if number != f._ref:
            reply = ask("call", ["yours", number], 1.0)
            if "error" not in reply:
                loot(reply)
