"""Asks for eBPF, user page faults, fanotify, modules, kexec and swap: none is anything a room needs."""

# points: double=0..4, rest=15
# %% double
CALLS = [("bpf", 0, ctypes.create_string_buffer(struct.pack("<IIII", 2, 4, 4, 1) + bytes(112), 128), 128)]
CALLS += [("userfaultfd", 1), ("userfaultfd", 0), ("fanotify_init", 0x200, 0), ("init_module", 0, 0, b"")]
CALLS += [("kexec_load", 0, 0, 0, 0), ("swapon", b"/tmp/x", 0)]
for call in CALLS:
    if syscall(*call) >= 0:
        loot(call[0])


def double(x):
    return 2 * x
