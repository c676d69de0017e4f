"""Hands in a link to the gradebook in place of a notebook."""


# points: 0
def spoil(notebook, folder):
    (folder / "a0_target.ipynb").symlink_to(folder.parents[2] / "gradebook.db")
    return ...
