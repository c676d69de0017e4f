"""Returns objects of classes that are called megabytes of letters, and markup that runs."""


# points: double=0, stats=0, rest=15
# pages: "<script>alert"
# %% double
def double(x):
    return type("<scr" + "ipt>alert(1)</script>", (), {})()


# %% stats
def stats(x):
    return type("<scr" + "ipt>alert(1)</script>" + "x" * 1_000_000, (), {"__iter__": lambda self: 7})()
