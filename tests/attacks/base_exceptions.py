"""Raises classes of its own below BaseException, which no `except Exception` catches."""


# points: double=0, counter=0, rest=15
# %% double
class Mine(BaseException):
    pass


def double(x):
    raise Mine("through everything")


# %% counter
class Counter:
    def __init__(self, start):
        raise Mine
