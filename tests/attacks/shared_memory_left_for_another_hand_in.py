"""Leaves System V memory, semaphores and queues behind under a known key, and looks for those of the other one."""

# points: 15
# %% double
ME, OTHER = 471101, 471102
for get, size in (("shmget", 4096), ("semget", 1), ("msgget", 0o600)):
    if syscall(get, OTHER, size, 0) >= 0 or syscall(get, OTHER, 0, 0) >= 0:
        loot(f"{get}: another hand-in's")
    syscall(get, ME, *((size, 0o1666) if get != "msgget" else (0o1666,)))


def double(x):
    return 2 * x
