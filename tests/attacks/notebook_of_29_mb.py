"""Hands in a notebook just under what is read, all of it comments and outputs."""


# points: 15
# within: 90
def spoil(notebook, folder):
    notebook["cells"][2]["source"] += "\n#" + " x" * 5_000_000
    notebook["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "y" * 15_000_000}]
