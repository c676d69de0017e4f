"""Opens performance counters, which see other processes and have had holes."""

# points: double=0..4, rest=15
# %% double
attributes = ctypes.create_string_buffer(struct.pack("<IIQ", 1, 112, 0) + bytes(96) + bytes([1]), 128)
for pid in (0, -1, 1):
    if syscall("perf_event_open", attributes, pid, -1 if pid >= 0 else 0, -1, 0) >= 0:
        loot("a performance counter")
plain = ctypes.create_string_buffer(
    struct.pack("<IIQQQQ", 1, 112, 1, 0, 0, 0) + struct.pack("<Q", 0x63) + bytes(72), 128
)
if syscall("perf_event_open", plain, 0, -1, -1, 0) >= 0:
    loot("a performance counter of its own")


def double(x):
    return 2 * x
