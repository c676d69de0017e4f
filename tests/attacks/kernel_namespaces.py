"""Makes namespaces of its own, in which it would be root: by unshare, clone and setns."""

# points: double=0..4, rest=15
# %% double
USER, MOUNT, NET, PID, CGROUP, IPC = 0x10000000, 0x20000, 0x40000000, 0x20000000, 0x2000000, 0x8000000
for flags in (USER, USER | MOUNT, MOUNT, NET, PID, CGROUP, IPC):
    if syscall("unshare", flags) == 0:
        loot(f"unshare {flags:x}")
arguments = ctypes.create_string_buffer(struct.pack("<QQQQQQQQ", USER, 0, 0, 0, 17, 0, 0, 0), 64)
made = syscall("clone3", arguments, 64)
if made == 0:
    os._exit(0)
if made > 0:
    loot("clone3 with a user namespace")
for kind in ("user", "mnt", "net", "pid"):
    try:
        fd = os.open(f"/proc/1/ns/{kind}", os.O_RDONLY)
    except OSError:
        continue
    if syscall("setns", fd, 0) == 0:
        loot(f"setns {kind}")


def double(x):
    return 2 * x
