"""Hands in a link to the notebook of the honest student `ada`."""


# points: 0
def spoil(notebook, folder):
    (folder / "a0_target.ipynb").symlink_to(folder.parents[1] / "ada" / "a0_target" / "a0_target.ipynb")
    return ...
