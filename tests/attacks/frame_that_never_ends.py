"""Announces a frame of 250 MB and sends a byte a second of it; then one of 2**64 bytes."""

# points: double=0, rest=0..15
# %% double
import time


def double(x):
    send_raw(struct.pack("<Q", 250 << 20 if double.turn else 2**64 - 1))
    double.turn += 1
    while True:
        send_raw(b"\x00")
        time.sleep(0.1)


double.turn = 0
