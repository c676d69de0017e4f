"""Hands in, under the notebook's name and beside it, an archive that unpacks to 400 MB and to ../ paths."""


# points: 0
def spoil(notebook, folder):
    import io
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("../../../evil.txt", "x")
        archive.writestr("/tmp/evil.txt", "x")
        with archive.open("a0_target.ipynb", "w", force_zip64=True) as file:
            for _ in range(100):
                file.write(b" " * 4_000_000)
    (folder / "a0_target.zip").write_bytes(data.getvalue())
    return data.getvalue()
