"""Raises errors whose text, names, arguments and notes run code, never end, raise again, or are no text."""


# points: double=0, stats=0, rest=15
# %% double
class Meta(type):
    __name__ = property(lambda cls: 1 / 0)


class Evil(Exception):
    def __str__(self):
        raise SystemExit("text")

    __repr__ = __str__
    args = property(lambda self: 1 / 0)
    name = property(lambda self: 1 / 0)
    __notes__ = ["x" * 10_000_000]
    __traceback__ = property(lambda self: 1 / 0)


def double(x):
    raise Evil


# %% stats
class Long(Exception):
    def __str__(self):
        while True:
            pass


def stats(x):
    raise Long
