"""Hands in wrong answers without any of nbgrader's metadata: nothing may count as passed for want of a test."""


# points: 0
# look: yes
def spoil(notebook, folder):
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        if cell["id"] in ("double", "stats", "counter", "slope", "draw"):
            cell["source"] = "def nothing():\n    pass"
