"""Hands in lone surrogates as source, ids, cell types, metadata and names of metadata."""


# points: 15
def spoil(notebook, folder):
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"\ud800{number}"
        cell["metadata"]["\udfff"] = "\ud800"
        if cell["cell_type"] == "markdown":
            cell["source"] += "\ud800\udfff"
    notebook["metadata"]["\ud800"] = {"\ud800": "\ud800"}
