"""Hands in a file of 100 GB that takes no place on the disk."""


# points: 0
def spoil(notebook, folder):
    with open(folder / "a0_target.ipynb", "wb") as file:
        file.truncate(100 << 30)
    return ...
