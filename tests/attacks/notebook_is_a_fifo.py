"""Hands in a pipe: who opens it to read waits for ever."""


# points: 0
def spoil(notebook, folder):
    import os

    os.mkfifo(folder / "a0_target.ipynb")
    os.mkfifo(folder / "timestamp.txt")
    return ...
