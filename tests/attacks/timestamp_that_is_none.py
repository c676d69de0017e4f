"""Hands in a time of ten megabytes, far in the future, with escapes, below a link."""


# points: 15
# never: "\x1b[31m"
def spoil(notebook, folder):
    (folder / "timestamp.txt").write_text("9999-12-31 23:59:59 UTC \x1b[31m" + "9" * 10_000_000)
