"""Hands in a blank notebook under the right name and the finished one beside it: somebody has to look."""


# points: 0..15
# look: yes
def spoil(notebook, folder):
    import json

    (folder / "a0_target (1).ipynb").write_text(json.dumps(notebook))
    for cell in notebook["cells"]:
        if cell["id"] in ("double", "stats", "counter", "slope", "draw"):
            cell["source"] = "# Your code here.\nraise NotImplementedError"
