"""Its objects never come back from being asked for a number, an array, their text, their class or an attribute."""


# points: double=0, counter=0, rest=15
# within: 60
# %% double
def never(*args, **kwargs):
    while True:
        pass


class Hang:
    __float__ = __array__ = __len__ = __iter__ = __repr__ = __str__ = __eq__ = __bool__ = __getattr__ = never
    __hash__ = lambda self: 1


def double(x):
    return Hang()


# %% counter
class Counter:
    value = property(never)

    def __init__(self, start):
        pass

    count = share = __iter__ = never
