"""Calls functions of the examiner's by numbers that were never given out: the next one, none, a fraction of the right one."""


# points: slope=0, rest=0..15
# %% slope
def slope(f, x):
    numbers = [f._ref + 1, f._ref - 1, 0, -1, 2**40, True, float(f._ref), str(f._ref), [f._ref], None]
    number = numbers[os.getpid() % len(numbers)]
    reply = ask(number, 1.0)
    if "error" not in reply:
        loot(f"{number!r} answered {reply}")
