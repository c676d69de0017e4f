"""Asks for partial credit by shares that are infinite, not a number, true, text, huge and complex."""


# points: counter=3, rest=15
# %% counter
class Counter:
    turn = 0

    def __init__(self, start):
        self.value = start

    def count(self, by=1):
        self.value += by

    def share(self, n):
        return float("inf")

    def __iter__(self):
        return iter(range(1, self.value + 1))
