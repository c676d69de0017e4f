"""Hands in each cell three times in turned order: wrong answers first, right ones behind."""


# points: 0..15
def spoil(notebook, folder):
    import copy

    wrong = copy.deepcopy(notebook["cells"])
    for cell in wrong:
        if cell["id"] in ("double", "stats", "counter", "slope", "draw"):
            cell["source"] = "pass"
    notebook["cells"] = wrong + notebook["cells"][::-1] + notebook["cells"]
