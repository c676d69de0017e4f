"""Prints without end: as text, on the error stream, as pictures, on the raw descriptors, by children."""

# points: double=0..4, rest=0..15
# %% double
import sys
import threading

from IPython.display import HTML, Image, display

for fd in (1, 2):
    try:
        for _ in range(2000):
            os.write(fd, b"x" * 100_000)
    except OSError:
        pass
for _ in range(50):
    display(HTML("<script>alert(1)</script>" * 10_000), metadata={"x" * 1000: "y"})
threading.Thread(target=lambda: [print("x" * 10**6, file=sys.stderr) for _ in range(10**6)], daemon=True).start()


def double(x):
    print("x" * 50_000_000)
    return 2 * x
