"""Hands in JSON nested a hundred thousand deep, in its cells and in its metadata."""


# points: 0
def spoil(notebook, folder):
    return b'{"cells": [], "metadata": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
