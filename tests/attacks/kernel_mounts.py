"""Mounts: a tmpfs, a bind, what is read-only once more for writing; and changes its root."""

# points: double=0..4, rest=15
# %% double
os.makedirs("/tmp/place", exist_ok=True)
CALLS = [("mount", b"x", b"/tmp/place", b"tmpfs", 0, 0), ("mount", b"/", b"/tmp/place", 0, 4096, 0)]
CALLS += [("mount", 0, b"/", 0, 32, 0), ("mount", 0, b"/proc", 0, 32 | 4096, 0), ("fsopen", b"tmpfs", 0)]
CALLS += [("open_tree", -100, b"/", 1), ("chroot", b"/tmp"), ("pivot_root", b"/tmp", b"/tmp/place")]
for call in CALLS:
    if syscall(*call) >= 0:
        loot(f"{call[0]} {call[1:3]}")


def double(x):
    return 2 * x
