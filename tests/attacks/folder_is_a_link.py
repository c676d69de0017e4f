"""Hands in a link to the whole folder of the honest student `mia`."""


# points: 0
def spoil(notebook, folder):
    folder.rmdir()
    folder.symlink_to(folder.parents[1] / "mia" / "a0_target")
    return ...
