"""Returns a list that holds itself, a dict that is its own value, and two that hold each other."""


# points: double=0, stats=0, rest=15
# %% double
def double(x):
    one, two = [], []
    one.append(two)
    two.append(one)
    return one


# %% stats
def stats(x):
    value = {"mean": 1.0}
    value["spread"] = value
    return value
