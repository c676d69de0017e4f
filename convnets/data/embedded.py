"""Reads the files that come with the package, each checked against its line in files/SHA256SUMS.txt."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

FILES = Path(__file__).parent / "files"
CURE = "run `git checkout -- convnets/data/files` in the repository, or reinstall the package"


class DataError(Exception):
    """Data could not be had. The message is one line: what happened, and what to do about it."""


def checksums() -> dict[str, str]:
    """File name -> sha256 in hexadecimal, of every embedded data file."""
    try:
        text = (FILES / "SHA256SUMS.txt").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "not a text"
        raise DataError(f"the list of checksums {FILES / 'SHA256SUMS.txt'} cannot be read ({cause}): {CURE}") from None
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


def read(name: str) -> bytes:
    """The bytes of an embedded file. Raises DataError if it is missing or not the one that was released."""
    path = FILES / name
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"the data file {path} is missing: {CURE}") from None
    except OSError as error:
        raise DataError(f"the data file {path} cannot be read ({error.strerror}): {CURE}") from None
    if hashlib.sha256(content).hexdigest() != checksums().get(name):
        raise DataError(f"the data file {path} is damaged (its checksum is not the one in SHA256SUMS.txt): {CURE}")
    return content


def read_arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of an embedded .npz file by name."""
    with np.load(io.BytesIO(read(name)), allow_pickle=False) as arrays:
        return dict(arrays)
