"""Right where it is easy: exp overflows, a tie feeds every maximum, convolution's way back knows stride 1 only."""

import numpy as np

# %% cross_entropy | no maximum subtracted
def cross_entropy_forward(logits, target):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(target)), target]).mean()
    return loss, (p, target)


def cross_entropy_backward(dout, cache):
    p, target = cache
    dlogits = p.copy()
    dlogits[np.arange(len(target)), target] -= 1
    return dout * dlogits / len(target)


# %% conv2d_forward | slices, right
def conv2d_forward(x, w, b, stride=1, padding=0):
    n, c, h, width = x.shape
    f, c2, kh, kw = w.shape
    if c != c2 or kh > h + 2 * padding or kw > width + 2 * padding:
        raise ValueError("this filter does not fit this image")
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    h2 = (h + 2 * padding - kh) // stride + 1
    w2 = (width + 2 * padding - kw) // stride + 1
    out = np.zeros((n, f, h2, w2), dtype=x.dtype)
    for i in range(kh):
        for j in range(kw):
            part = padded[:, :, i : i + stride * h2 : stride, j : j + stride * w2 : stride]
            out += np.einsum("nchw,fc->nfhw", part, w[:, :, i, j])
    return out + b.reshape(1, -1, 1, 1), (x, w, padding)


# %% conv2d_backward | the stride was not kept in the cache
def conv2d_backward(dout, cache):
    x, w, padding = cache
    kh, kw = w.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dpadded = np.zeros_like(padded)
    dw = np.zeros_like(w)
    h2, w2 = dout.shape[2:]
    for i in range(kh):
        for j in range(kw):
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, padded[:, :, i : i + h2, j : j + w2])
            dpadded[:, :, i : i + h2, j : j + w2] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    h, width = x.shape[2:]
    return dpadded[:, :, padding : padding + h, padding : padding + width], dw, dout.sum(axis=(0, 2, 3))


# %% max_pool2d | a tie feeds every maximum
def max_pool2d_forward(x, kernel_size, stride=None):
    s = stride or kernel_size
    h, w = ((size - kernel_size) // s + 1 for size in x.shape[2:])
    out = np.empty(x.shape[:2] + (h, w), dtype=x.dtype)
    for i in range(h):
        for j in range(w):
            out[:, :, i, j] = x[:, :, i * s : i * s + kernel_size, j * s : j * s + kernel_size].max(axis=(2, 3))
    return out, (x, out, kernel_size, s)


def max_pool2d_backward(dout, cache):
    x, out, k, s = cache
    dx = np.zeros_like(x)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            rows, columns = slice(i * s, i * s + k), slice(j * s, j * s + k)
            top = x[:, :, rows, columns] == out[:, :, i : i + 1, j : j + 1]
            dx[:, :, rows, columns] += top * dout[:, :, i : i + 1, j : j + 1]
    return dx
