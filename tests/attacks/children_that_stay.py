"""Leaves children behind that leave the session, ignore signals and compute for ever: none may outlive the grading."""

# points: 15
# %% double
import signal


def stay():
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        libc.prctl(1, 0)
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        os.closerange(0, 256)
        while True:
            pass


stay()


def double(x):
    return 2 * x
