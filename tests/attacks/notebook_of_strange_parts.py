"""Hands in cells that are numbers, texts and lists, sources of numbers, roles of lists, and outputs of nothing."""


# points: 15
def spoil(notebook, folder):
    odd = [7, "cell", None, [], {}, {"cell_type": 7}, {"cell_type": "code", "source": [1, None, "x = 1"]}]
    odd += [{"cell_type": "markdown", "source": {"a": 1}, "metadata": [1]}, {"metadata": {"nbgrader": "x"}}]
    odd += [{"metadata": {"nbgrader": {"grade_id": ["double"]}}, "source": "pass"}, {"cell_type": ["code"]}]
    notebook["cells"] = odd + notebook["cells"] + odd
