"""The other one of the pair that calls each other on abstract sockets."""

# points: 15
# %% double
ME, OTHER = "\0two-of-two", "\0one-of-two"
try:
    with socket.socket(socket.AF_UNIX) as call:
        call.settimeout(0.2)
        call.connect(OTHER)
        loot("connected to another hand-in")
except OSError:
    pass
if os.fork() == 0:
    os.closerange(3, 256)
    with socket.socket(socket.AF_UNIX) as listen:
        listen.bind(ME)
        listen.listen()
        listen.settimeout(20)
        listen.accept()
    os._exit(0)


def double(x):
    return 2 * x
