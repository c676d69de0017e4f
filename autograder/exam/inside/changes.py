"""What a call changed in place, seen by comparing before and after, and carried to the other side's copy.

This file exists inside the room: it may import nothing else of the grader.
"""

from __future__ import annotations

import sys
import zlib
from typing import Any

import numpy as np

LARGE = 2**16  # bytes: of larger arrays a checksum is kept, not a copy


def snapshot(value: Any) -> Any:
    """What is needed to see later whether this object was changed in place; None if it can not be."""
    kind = type(value)
    if isinstance(value, list):
        return list(map(id, value)), list(value)
    if isinstance(value, dict):
        return [(id(k), id(v)) for k, v in value.items()], dict(value)
    if isinstance(value, set):
        return set(value)
    if kind is np.ndarray:
        return _bytes(value) if value.flags.writeable else None
    if kind is np.random.Generator:
        return repr(value.bit_generator.state)
    if _is_tensor(value):
        grad = gradient(value)
        return value._version, None if grad is None else (id(grad), grad._version)
    return None


def gradient(value: Any) -> Any:
    """What was collected in a tensor; None for what collects nothing, which torch does not like to be asked."""
    return value.grad if _is_tensor(value) and is_collecting(value) else None


def is_collecting(tensor: Any) -> bool:
    """Whether gradients are collected in a tensor: it requires them, and nothing made it."""
    try:
        return bool(tensor.requires_grad and tensor.is_leaf)
    except RuntimeError:  # part of such a tensor, made without gradients and written since: torch does not say
        return True


def changed(value: Any, before: Any) -> bool:
    if before is None:
        return False
    now = snapshot(value)
    return now[0] != before[0] if isinstance(value, list | dict) else now != before


def write_back(value: Any, new: Any) -> None:
    """Make ``value``, which somebody holds, what the other side left. Raises ValueError for what can not be."""
    kind = next((plain for plain in (list, dict, set) if isinstance(value, plain)), type(value))
    if kind is not type(new) and not _is_tensor(value) & _is_tensor(new):
        raise ValueError("a change of type in place")
    if kind is list:
        value[:] = new
    elif kind is dict or kind is set:
        value.clear()
        value.update(new)
    elif kind is np.ndarray:
        if value.size != new.size or value.dtype != new.dtype:
            raise ValueError("a change of size in place")
        if value.shape != new.shape:
            value.shape = new.shape
        value[...] = new
    elif kind is np.random.Generator:
        value.bit_generator.state = new.bit_generator.state
    elif _is_tensor(value):
        if value.shape != new.shape:  # t_() and its like
            value.data = new.detach()
        with sys.modules["torch"].no_grad():  # also what is a view that was made without gradients
            value.copy_(new)


def _bytes(array: np.ndarray) -> Any:
    if array.nbytes <= LARGE:
        return repr(array.shape).encode() + array.tobytes()
    return array.shape, zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))
