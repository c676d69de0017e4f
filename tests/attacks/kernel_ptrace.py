"""Attaches to its parent, to a child and to itself with ptrace, and reads another process's memory."""

# points: double=0..4, rest=15
# %% double
import time

child = os.fork()
if child == 0:
    time.sleep(20)
    os._exit(0)
for pid in {os.getppid(), 1, child}:
    for request in (16, 0x4206):  # attach, seize
        if syscall("ptrace", request, pid, 0, 0) == 0:
            loot(f"attached to {'a child' if pid == child else 'another process'}")
if os.fork() == 0:
    os._exit(0)


def double(x):
    return 2 * x
