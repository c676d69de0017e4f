"""Sends requests faster than they can be answered, and reads no answer."""


# points: slope=0, rest=0..15
# %% slope
def slope(f, x):
    flood = call_frame(f._ref, 1.0)
    while True:
        send_raw(flood * 1000)
