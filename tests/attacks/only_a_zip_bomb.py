"""Hands in nothing but an archive: of a notebook that unpacks to 400 MB, and of ten thousand files."""


# points: 0
# look: yes
def spoil(notebook, folder):
    import zipfile

    with zipfile.ZipFile(folder / "work.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(10_000):
            archive.writestr(f"../{number}.ipynb", "x")
        with archive.open("a0_target.ipynb", "w", force_zip64=True) as file:
            for _ in range(100):
                file.write(b" " * 4_000_000)
    return ...
