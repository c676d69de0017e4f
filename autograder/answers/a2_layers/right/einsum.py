"""Right answers with einsum over sliding windows. A cache is a closure that already knows how to go back.

Outputs and gradients are often views: transposed, cut out of something larger, not contiguous.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


# %% affine
def affine_forward(x, w, b):
    w3 = w.reshape(len(w), *x.shape[1:])
    axes = tuple(range(1, x.ndim))

    def back(dout):
        dw = np.tensordot(dout, x, axes=(0, 0))
        return np.tensordot(dout, w3, axes=(1, 0)), dw.reshape(w.shape), np.einsum("nm->m", dout)

    return np.tensordot(x, w3, axes=(axes, axes)) + b, back


def affine_backward(dout, cache):
    return cache(dout)


# %% relu_family
def relu_forward(x):
    return leaky_relu_forward(x, 0)


def leaky_relu_forward(x, negative_slope=0.01):
    slope = np.where(x > 0, 1, negative_slope).astype(x.dtype)
    return slope * x, lambda dout: slope * dout


def elu_forward(x, alpha=1.0):
    below = alpha * np.exp(x.clip(max=0))
    out = np.where(x > 0, x, below - alpha)
    return out, lambda dout: np.choose(x > 0, (dout * below, dout))


def relu_backward(dout, cache):
    return cache(dout)


leaky_relu_backward = elu_backward = relu_backward


# %% cross_entropy
def cross_entropy_forward(logits, target):
    N, C = logits.shape
    one_hot = (np.arange(C) == target[:, None]).astype(logits.dtype)
    top = np.einsum("nc->cn", logits).max(0)
    e = np.exp(logits.T - top)
    z = np.einsum("cn->n", e)
    loss = (np.log(z) + top - np.einsum("nc,nc->n", logits, one_hot)).mean()
    return loss, lambda dout: ((e / z - one_hot.T).T * float(dout) / N)


def cross_entropy_backward(dout, cache):
    return cache(dout)


# %% conv2d_forward
def conv2d_forward(x, w, b, stride=1, padding=0):
    p, s = padding, stride
    KH, KW = w.shape[2:]
    xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"{x.shape[1]} channels meet filters of {w.shape[1]}")
    windows = sliding_window_view(xp, (KH, KW), axis=(2, 3))[:, :, ::s, ::s]
    out = np.einsum("nchwij,fcij->fnhw", windows, w, optimize=True) + b.reshape(-1, 1, 1, 1)

    def back(dout):
        dxp = np.zeros_like(xp)
        moving = sliding_window_view(dxp, (KH, KW), axis=(2, 3), writeable=True)[:, :, ::s, ::s]
        for i in range(KH):
            for j in range(KW):
                moving[..., i, j] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
        dw = np.einsum("nfhw,nchwij->fcij", dout, windows, optimize=True)
        return dxp[:, :, p : p + x.shape[2], p : p + x.shape[3]], dw, np.einsum("nfhw->f", dout)

    return out.swapaxes(0, 1), back


# %% conv2d_backward
def conv2d_backward(dout, cache):
    dx, dw, db = cache(dout)
    return dx, dw, db


# %% max_pool2d
def max_pool2d_forward(x, kernel_size, stride=None):
    s = stride or kernel_size
    windows = sliding_window_view(x, (kernel_size, kernel_size), axis=(2, 3))[:, :, ::s, ::s]
    best = windows.reshape(*windows.shape[:4], -1).argmax(-1)
    n, c, i, j = np.indices(best.shape, sparse=True)
    place = n, c, i * s + best // kernel_size, j * s + best % kernel_size

    def back(dout):
        dx = np.zeros_like(x)
        np.add.at(dx, place, dout)
        return dx

    return x[place], back


def max_pool2d_backward(dout, cache):
    return cache(dout)


# %% avg_pool2d
def avg_pool2d_forward(x, kernel_size, stride=None):
    s = stride or kernel_size
    k = kernel_size
    out = np.einsum("nchwij->nchw", sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::s, ::s]) / k**2

    def back(dout):
        rows, columns = (
            (np.arange(n)[:, None] >= np.arange(m) * s) & (np.arange(n)[:, None] < np.arange(m) * s + k)
            for n, m in zip(x.shape[2:], dout.shape[2:], strict=True)
        )
        return np.einsum("yh,nchw,xw->ncyx", rows.astype(x.dtype), dout / k**2, columns.astype(x.dtype))

    return out, back


def avg_pool2d_backward(dout, cache):
    return cache(dout)


# %% tiny_convnet
def tiny_convnet_loss(params, x, target):
    layers = [
        lambda x: conv2d_forward(x, params["w1"], params["b1"], padding=1),
        relu_forward,
        lambda x: max_pool2d_forward(x, 2),
        lambda x: affine_forward(x, params["w2"], params["b2"]),
        lambda x: cross_entropy_forward(x, target),
    ]
    backs = []
    for layer in layers:
        x, back = layer(x)
        backs.append(back)
    dlogits = backs[4](1)
    dpooled, dw2, db2 = backs[3](dlogits)
    _, dw1, db1 = backs[0](backs[1](backs[2](dpooled)))
    return x, dict(w1=dw1, b1=db1, w2=dw2, b2=db2)
