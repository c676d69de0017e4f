"""Raises errors whose classes have no usable names: a metaclass that raises, a name that is a huge text, one that is a word."""


# points: double=0, stats=0, slope=0, rest=15
# %% double
class Meta(type):
    @property
    def __name__(cls):
        raise KeyboardInterrupt

    def mro(cls):
        return [cls, *(Exception, BaseException, object)]


class Nameless(Exception, metaclass=Meta):
    pass


def double(x):
    raise Nameless


# %% stats
def stats(x):
    raise type("N" * 5_000_000, (KeyError,), {})("k")


# %% slope
def slope(f, x):
    raise type("class def", (Exception,), {})("x")
