"""Twenty processes fill 100 MB each: none of them is over its own limit, together they are over the hand-in's."""

# points: double=0..4, rest=0..15
# %% double
import mmap
import time

full = mmap.mmap(-1, 4096)
for number in range(20):
    if os.fork() == 0:
        block = bytearray(b"x") * (100 << 20)
        full[number] = 1
        time.sleep(60)
        os._exit(len(block) % 2)
end = time.monotonic() + 2.5
while time.monotonic() < end:
    if sum(full[:20]) >= 14:
        loot("1.4 GB at once")
    time.sleep(0.02)


def double(x):
    return 2 * x
