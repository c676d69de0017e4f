"""Its objects claim lengths of 10**18, and lengths that are negative, of text, and never answered."""


# points: counter=0..1, stats=0, rest=15
# %% stats
class Long(dict):
    def __len__(self):
        return 2**62

    def keys(self):
        return self

    def __iter__(self):
        while True:
            yield "mean"

    items = values = __iter__


def stats(x):
    return Long()


# %% counter
class Counter:
    def __init__(self, start):
        self.value = self

    __len__ = __length_hint__ = lambda self: 2**62
    count = share = lambda self, *a, **k: self

    def __iter__(self):
        return self

    def __next__(self):
        return self
