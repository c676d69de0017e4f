"""Pastes a picture of 20 MB into an answer, and a thousand small ones."""


# points: 15
# within: 90
def spoil(notebook, folder):
    for cell in notebook["cells"]:
        if cell["id"] == "why":
            cell["attachments"] = {f"{i}.png": {"image/png": "iVBORw0KGgo="} for i in range(1000)}
            cell["attachments"]["big.png"] = {"image/png": "A" * 20_000_000}
            cell["source"] = "![x](attachment:big.png)"
