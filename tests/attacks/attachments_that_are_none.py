"""Has attachments that are lists, numbers and texts, on cells of code and on answers."""


# points: 15
def spoil(notebook, folder):
    for number, cell in enumerate(notebook["cells"]):
        cell["attachments"] = [[], 7, "x", {"a.png": None}, {"\ud800.png": {"\ud800": "\ud800"}}][number % 5]
