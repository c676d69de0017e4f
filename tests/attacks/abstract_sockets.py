"""Listens and calls on abstract sockets, which no file system hides: of its own kind, and of the machine outside."""

# points: 15
# %% double
ME, OTHER = "\0one-of-two", "\0two-of-two"
with open("/proc/net/unix") as table:
    seen = [line.split()[-1] for line in table if "@" in line]
for name in [OTHER, *("\0" + name[1:] for name in seen)]:
    try:
        with socket.socket(socket.AF_UNIX) as call:
            call.settimeout(0.2)
            call.connect(name)
            loot(f"connected to {name!r}")
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
