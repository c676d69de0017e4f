"""Readers for the formats in which Fashion-MNIST (idx) and CIFAR-10 (pickles in a tar) are published.

Neither runs what it reads: pickles may name three harmless NumPy callables and nothing else, and the tar is read in
memory, member by expected member, so that no path in it can lead anywhere.
"""

from __future__ import annotations

import gzip
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy._core.multiarray import _reconstruct

from convnets.data.embedded import DataError

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_CIFAR_FOLDER = "cifar-10-batches-py"
_CIFAR_BATCHES = [f"data_batch_{i}" for i in range(1, 6)]
_MEMBER_LIMIT = 64_000_000  # bytes; the real batches have 31 million


class ArrayUnpickler(pickle.Unpickler):
    """Unpickles plain containers and NumPy arrays, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not allowed")
        return _ALLOWED[module, name]


def load_arrays(file: IO[bytes]) -> Any:
    """What a pickle of containers and NumPy arrays holds; strings that Python 2 wrote come as bytes."""
    return ArrayUnpickler(file, encoding="bytes").load()


def read_idx(path: Path) -> np.ndarray:
    """The uint8 array in a gzipped idx file (LeCun's MNIST format: 0, 0, 8, number of axes, sizes big-endian, data)."""
    try:
        raw = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(_broken(path, str(error))) from None
    axes = raw[3] if len(raw) > 3 else 0
    start = 4 + 4 * axes
    if raw[:3] != b"\0\0\x08" or len(raw) < start:
        raise DataError(_broken(path, "no idx file of bytes"))
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", axes, offset=4))
    if len(raw) != start + np.prod(shape, dtype=object):
        raise DataError(_broken(path, f"its shape {shape} does not fit its {len(raw)} bytes"))
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape).copy()


def read_cifar10(path: Path) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) int64 by split, x_train … y_test, and the class names."""
    try:
        members = _read_members(path)
        names = tuple(str(name, "ascii") for name in members["batches.meta"][b"label_names"])
        arrays: dict[str, np.ndarray] = {}
        for split, batches in (("train", _CIFAR_BATCHES), ("test", ["test_batch"])):
            rows = [members[batch][b"data"] for batch in batches]
            x = np.concatenate(rows).reshape(-1, 3, 32, 32)
            y = np.concatenate([np.asarray(members[batch][b"labels"], np.int64) for batch in batches])
            if x.dtype != np.uint8 or y.shape != x.shape[:1] or y.min() < 0 or y.max() >= len(names):
                raise ValueError(f"its {split} labels do not fit its images")
            arrays[f"x_{split}"], arrays[f"y_{split}"] = x, y
    except (OSError, EOFError, tarfile.TarError, zlib.error, pickle.UnpicklingError) as error:
        raise DataError(_broken(path, str(error))) from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise DataError(_broken(path, f"not as CIFAR-10 is published, {type(error).__name__}: {error}")) from None
    return arrays, names


def _read_members(path: Path) -> dict[str, dict[bytes, Any]]:
    wanted = {f"{_CIFAR_FOLDER}/{name}": name for name in [*_CIFAR_BATCHES, "test_batch", "batches.meta"]}
    found = {}
    with tarfile.open(path, "r|gz") as tar:  # streamed: nothing is ever extracted to disk
        for member in tar:
            if member.name in wanted and member.isfile() and member.size <= _MEMBER_LIMIT:
                file = tar.extractfile(member)
                assert file is not None  # isfile() says so
                found[wanted[member.name]] = load_arrays(file)
    return found


def _broken(path: Path, cause: str) -> str:
    return f"{path} cannot be read ({cause}): delete it and call again"
