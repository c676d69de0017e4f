"""Hands in as many cells as are read, each of which takes a while and prints."""


# points: 0..15
# within: 60
def spoil(notebook, folder):
    code = "import time\ntime.sleep(0.2)\nprint('x' * 90_000)"
    own = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": code}
    notebook["cells"][1:1] = [own | {"id": f"own{i}"} for i in range(900)]
