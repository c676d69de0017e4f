"""Hands in a folder called like the notebook, with a notebook in it, and a socket beside it."""


# points: 0
def spoil(notebook, folder):
    import socket

    (folder / "a0_target.ipynb").mkdir()
    (folder / "a0_target.ipynb" / "a0_target.ipynb").write_text("{}")
    with socket.socket(socket.AF_UNIX) as place:
        import os

        here = os.getcwd()
        os.chdir(folder)
        place.bind("s.ipynb")
        os.chdir(here)
    return ...
