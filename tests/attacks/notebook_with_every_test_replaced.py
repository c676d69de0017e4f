"""Hands in test cells that give full marks, tagged to be skipped, and an empty set-up; its answers are wrong."""


# points: 0
def spoil(notebook, folder):
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "hide-input"]
        if cell["id"].startswith("test_"):
            cell["source"] = "4.0"
        elif cell["cell_type"] == "code":
            cell["source"] = "double = stats = Counter = slope = draw = None"
