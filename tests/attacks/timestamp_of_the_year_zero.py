"""Hands in a time before all times, and in a zone that does not exist."""


# points: 15
def spoil(notebook, folder):
    (folder / "timestamp.txt").write_text("0001-01-01 00:00:00 +23:59")
