"""Fills files that live in memory, 100 MB each, which no limit on a process's memory counts."""

# points: double=0..4, rest=0..15
# %% double
block = b"x" * (10 << 20)
files = []
for _ in range(14):
    files.append(os.memfd_create("x"))
    for _ in range(10):
        os.write(files[-1], block)
loot("1.4 GB in files that live in memory")


def double(x):
    return 2 * x
