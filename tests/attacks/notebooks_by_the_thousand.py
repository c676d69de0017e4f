"""Hands in two thousand notebooks under odd names: line breaks, escapes, patterns, options, 255 letters."""


# points: 15
# never: "\x1b[31m"
# look: yes
def spoil(notebook, folder):
    names = [f"copy {i}" for i in range(2000)] + ["\x1b[31m", "a\nb", "[a-z]*", "--help", "n" * 249, "{0}", "%s"]
    for name in names:
        (folder / f"{name}.ipynb").write_text("{}")
