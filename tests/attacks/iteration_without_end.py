"""A loop over its object never ends, and each item is a new object of its own."""


# points: counter=1, rest=15
# %% counter
class Item:
    def __float__(self):
        return 1.0


class Counter:
    def __init__(self, start):
        self.value = start if start == 3 else 0

    def count(self, by=1):
        pass

    def share(self, n):
        return 0.0

    def __iter__(self):
        while True:
            yield Item()
