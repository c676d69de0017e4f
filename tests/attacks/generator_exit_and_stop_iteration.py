"""Raises what ends generators and loops: GeneratorExit, StopIteration, StopAsyncIteration."""


# points: double=0, stats=0, slope=0, counter=1, rest=15
# %% double
def double(x):
    raise GeneratorExit


# %% stats
def stats(x):
    raise StopIteration({"mean": 0, "spread": 0})


# %% slope
def slope(f, x):
    raise StopAsyncIteration


# %% counter
class Counter:
    def __init__(self, start):
        self.value = start

    def count(self, by=1):
        raise StopIteration

    def share(self, n):
        raise StopIteration(1.0)

    def __iter__(self):
        raise StopIteration
