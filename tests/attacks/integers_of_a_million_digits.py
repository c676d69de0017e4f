"""Returns integers of a million digits, which are slow to print and no float."""

# points: double=0, counter=0..1, rest=15
# %% double
import sys

sys.set_int_max_str_digits(0)


def double(x):
    return 10**1_000_000


# %% counter
class Counter:
    def __init__(self, start):
        self.value = -(16**19_999)

    count = share = lambda self, *a, **k: 16**19_000

    def __iter__(self):
        return iter([10**400, 1])
