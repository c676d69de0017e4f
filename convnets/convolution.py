"""Four ways to compute the same convolution in NumPy, forward only, written to be read.

All take ``x`` (N, C, H, W), ``w`` (F, C, KH, KW), optionally ``b`` (F,), and return ``out`` (N, F, H', W') in the
input's dtype, and all cross-correlate, as every deep-learning library does: the filter is not flipped. Each raises
ValueError when channels disagree or the filter is larger than the padded image.
"""

from __future__ import annotations

import numpy as np

from convnets.arithmetic import output_size

Array = np.ndarray


def conv2d_direct(x: Array, w: Array, b: Array | None = None, stride: int = 1, padding: int = 0) -> Array:
    """The definition, one filter offset at a time: shift the image, weigh it, add it up.

    Python loops over KH * KW offsets only; each step is one matrix product over the channels.
    """
    x, out_H, out_W = _prepare(x, w, stride, padding)
    out = np.zeros((len(w), len(x), out_H, out_W), dtype=x.dtype)  # (F, N, H', W')
    for i, j in np.ndindex(w.shape[2:]):
        seen = x[:, :, i : i + stride * out_H : stride, j : j + stride * out_W : stride]  # what w[:, :, i, j] meets
        out += np.tensordot(w[:, :, i, j], seen, axes=(1, 1))
    return _finish(out.transpose(1, 0, 2, 3), b)


def im2col(x: Array, KH: int, KW: int, stride: int = 1) -> Array:
    """Copy every window of ``x`` (N, C, H, W) into a column: (N, C * KH * KW, H' * W').

    Each pixel is written as often as windows see it: up to KH * KW times the memory of the image.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, (KH, KW), axis=(2, 3))[:, :, ::stride, ::stride]
    N, C, out_H, out_W = windows.shape[:4]
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * KH * KW, out_H * out_W)


def conv2d_im2col(x: Array, w: Array, b: Array | None = None, stride: int = 1, padding: int = 0) -> Array:
    """Windows into columns, then one large matrix product (GEMM). Source: Chellapilla, Puri & Simard 2006."""
    x, out_H, out_W = _prepare(x, w, stride, padding)
    F, _, KH, KW = w.shape
    out = w.reshape(F, -1) @ im2col(x, KH, KW, stride)  # (F, C*KH*KW) @ (N, C*KH*KW, H'*W')
    return _finish(out.reshape(len(x), F, out_H, out_W), b)


def conv2d_fft(x: Array, w: Array, b: Array | None = None, stride: int = 1, padding: int = 0) -> Array:
    """Multiply in the frequency domain (conjugate of the filter's spectrum: correlation, not convolution).

    The cost hardly depends on the filter's size. A stride saves nothing: all outputs are made, some are kept.
    Source: Mathieu, Henaff & LeCun 2014.
    """
    x, out_H, out_W = _prepare(x, w, stride, padding)
    size = [_fast_length(n) for n in x.shape[2:]]
    x_hat, w_hat = np.fft.rfft2(x, size), np.fft.rfft2(w, size).conj()
    # One small matrix product per frequency, (F, C) @ (C, N); NumPy is quick only when those lie together in memory.
    x_hat = np.ascontiguousarray(x_hat.transpose(2, 3, 1, 0))
    w_hat = np.ascontiguousarray(w_hat.transpose(2, 3, 0, 1))
    out = np.fft.irfft2((w_hat @ x_hat).transpose(3, 2, 0, 1), size)
    out = out[:, :, : stride * out_H : stride, : stride * out_W : stride]  # what wrapped around lies beyond
    return _finish(out.astype(x.dtype, copy=False), b)


# F(2x2, 3x3) of Lavin & Gray 2016, section 4.1: 16 multiplications make 4 outputs, where the definition needs 36.
_INPUT = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
_FILTER = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
_OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


def conv2d_winograd(x: Array, w: Array, b: Array | None = None, padding: int = 0) -> Array:
    """Winograd's minimal filtering F(2x2, 3x3): only 3x3 filters, only stride 1. Source: Lavin & Gray 2016.

    4x4 tiles that overlap by two are transformed, multiplied number by number, and transformed back to 2x2 outputs.
    """
    if w.shape[2:] != (3, 3):
        raise ValueError(f"This Winograd form is made for 3x3 filters; w has {w.shape[2]}x{w.shape[3]}.")
    x, out_H, out_W = _prepare(x, w, 1, padding)
    to_x, to_w, back = (m.astype(x.dtype) for m in (_INPUT, _FILTER, _OUTPUT))
    N, C, F = len(x), x.shape[1], len(w)
    rows, columns = (out_H + 1) // 2, (out_W + 1) // 2
    x = np.pad(x, ((0, 0), (0, 0), (0, out_H % 2), (0, out_W % 2)))  # an even number of outputs, cut again below
    tiles = np.lib.stride_tricks.sliding_window_view(x, (4, 4), axis=(2, 3))[:, :, ::2, ::2]
    tiles = np.moveaxis(tiles, (4, 5), (0, 1)).reshape(4, 4, -1)  # from (N, C, rows, columns, 4, 4)
    tiles = _sandwich(to_x, tiles).reshape(16, N, C, rows * columns)
    filters = _sandwich(to_w, w.transpose(2, 3, 0, 1).reshape(3, 3, -1)).reshape(16, 1, F, C)
    out = _sandwich(back, (filters @ tiles).reshape(4, 4, -1)).reshape(2, 2, N, F, rows, columns)
    out = out.transpose(2, 3, 4, 0, 5, 1).reshape(N, F, 2 * rows, 2 * columns)
    return _finish(out[:, :, :out_H, :out_W], b)


def strassen(a: Array, b: Array) -> Array:
    """``a @ b`` with 7 products of half the size where the definition has 8 (one level). Source: Strassen 1969.

    a (M, K), b (K, P), all three even.
    """
    if any(n % 2 for n in (*a.shape, *b.shape)):
        raise ValueError(f"Shapes {a.shape} and {b.shape} do not halve; pad them to even numbers.")
    (a11, a12), (a21, a22) = (np.hsplit(rows, 2) for rows in np.vsplit(a, 2))
    (b11, b12), (b21, b22) = (np.hsplit(rows, 2) for rows in np.vsplit(b, 2))
    m1 = (a11 + a22) @ (b11 + b22)
    m2 = (a21 + a22) @ b11
    m3 = a11 @ (b12 - b22)
    m4 = a22 @ (b21 - b11)
    m5 = (a11 + a12) @ b22
    m6 = (a21 - a11) @ (b11 + b12)
    m7 = (a12 - a22) @ (b21 + b22)
    return np.block([[m1 + m4 - m5 + m7, m3 + m5], [m2 + m4, m1 - m2 + m3 + m6]])


def _prepare(x: Array, w: Array, stride: int, padding: int) -> tuple[Array, int, int]:
    """The padded image and the output's height and width; or a sentence about what does not fit."""
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError(f"x has shape {x.shape} and w {w.shape}; (N, C, H, W) and (F, C, KH, KW) are needed.")
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels and w expects {w.shape[1]}; they have to agree.")
    out_H = output_size(x.shape[2], w.shape[2], stride, padding)
    out_W = output_size(x.shape[3], w.shape[3], stride, padding)
    if padding:
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return x, out_H, out_W


def _finish(out: Array, b: Array | None) -> Array:
    return out if b is None else out + b[:, None, None]


def _sandwich(m: Array, t: Array) -> Array:
    """``m @ t @ m.T`` over the first two axes of ``t`` (a, a, rest): two matrix products, the rest in one row."""
    half = (m @ t.reshape(len(t), -1)).reshape(len(m), t.shape[1], -1)  # (m, a, rest)
    return m @ half  # (m, m, rest): the product runs over the second axis


def _fast_length(n: int) -> int:
    """The next length with no prime factor above 5, where the FFT is quick."""
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += 1
