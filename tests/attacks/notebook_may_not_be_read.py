"""Hands in a file that nobody may read."""


# points: 0..15
def spoil(notebook, folder):
    import json

    (folder / "a0_target.ipynb").write_text(json.dumps(notebook))
    (folder / "a0_target.ipynb").chmod(0)
    return ...
