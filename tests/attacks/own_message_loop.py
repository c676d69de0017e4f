"""Ends the student's own loop and answers every request itself with what would please: True, 4, empty maps."""

# points: double=0, rest=0..15
# %% double
import threading
import time


def loop():
    while True:
        send_raw(frame({"value": True, "changes": [], "output": ""}))
        time.sleep(0.02)


def double(x):
    threading.Thread(target=loop, daemon=True).start()
    time.sleep(1)
    return 0
