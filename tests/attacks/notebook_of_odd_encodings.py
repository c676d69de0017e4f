"""Hands in UTF-16 that claims to be UTF-8, behind a mark of byte order, with NUL bytes."""


# points: 0..15
def spoil(notebook, folder):
    import json

    return b"\xef\xbb\xbf" + json.dumps(notebook).encode("utf-16") + b"\0" * 1000
