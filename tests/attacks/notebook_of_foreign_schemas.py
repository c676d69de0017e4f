"""Hands in cells of unknown schema versions, of the future, of text and below zero."""


# points: 15
def spoil(notebook, folder):
    for number, cell in enumerate(notebook["cells"]):
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = [77, "3", -1, None, 1e9, [3]][number % 6]
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 10**9
