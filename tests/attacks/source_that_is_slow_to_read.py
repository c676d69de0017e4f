"""Has cells that are slow or deadly to parse: brackets nested deep, a sum of a hundred thousand terms, huge numbers."""


# points: 11
def spoil(notebook, folder):
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    cells["double"]["source"] = "double = " + "(" * 5_000 + "0" + ")" * 5_000
    own = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    sources = ["x = " + "+".join("1" * 100_000), "x = " + "-" * 100_000 + "1", "x = " + "9" * 100_000, "9" + "**9" * 40]
    sources += ["f'" + "{" * 150 + "'", "x = " + "[" * 90 + "]" * 90, "lambda: " * 5_000 + "0", "\\\n" * 50_000]
    notebook["cells"] += [own | {"id": f"own{i}", "source": text} for i, text in enumerate(sources)]
