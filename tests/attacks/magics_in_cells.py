"""Is no Python: cell magics that run other programs, other languages, files, and a cell that is never closed."""


# points: 11
def spoil(notebook, folder):
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    cells["double"]["source"] = "%%bash\nwhile true; do echo x; sleep 0.01; done"
    own = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    sources = [
        "%%script false",
        "!kill -9 $PPID; cat /etc/shadow",
        "%run /etc/passwd",
        "%%html\n<script>alert(1)</script>",
    ]
    sources += [
        "%reset -f in",
        "%%javascript\nalert(1)",
        "'''never closed",
        "\0",
        "%%capture\nprint(1)",
        "?print",
        "%quickref",
    ]
    more = [own | {"id": f"own{i}", "source": text} for i, text in enumerate(sources)]
    place = next(i for i, cell in enumerate(notebook["cells"]) if cell["id"] == "test_double")
    notebook["cells"][place:place] = more
