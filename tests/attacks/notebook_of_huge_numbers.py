"""Hands in JSON with numbers that Python is slow to read or refuses: a million digits, 1e999, NaN, -Infinity."""


# points: 0..15
def spoil(notebook, folder):
    import json

    text = json.dumps(notebook)
    odd = '"nbformat": 4, "a": 1e999, "b": NaN, "c": -Infinity, "d": ' + "9" * 1_000_000
    return text.replace('"nbformat": 4', odd).encode()
