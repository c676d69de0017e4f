"""Right answers by matrix products: im2col with as_strided, scatter back with indices. Caches are dictionaries.

Helpers live in the cell that first needs them; arrays come back in Fortran order where a transpose made them so.
"""

import numpy as np


# %% affine
def rows_of(x):
    return x.reshape(x.shape[0], int(np.prod(x.shape[1:])))


def affine_forward(x, w, b):
    ones = np.ones((len(x), 1), dtype=x.dtype)
    design = np.hstack([rows_of(x), ones])
    weights = np.hstack([w, b[:, None]])
    return np.dot(weights, design.T).T, {"design": design, "weights": weights, "shape": x.shape}


def affine_backward(dout, cache):
    dweights = dout.T.dot(cache["design"])
    ddesign = dout.dot(cache["weights"])
    return ddesign[:, :-1].reshape(cache["shape"]), dweights[:, :-1], dweights[:, -1]


# %% relu_family
def slopes(x, below):
    s = np.ones_like(x)
    s[x <= 0] = below if np.isscalar(below) else below[x <= 0]
    return s


def relu_forward(x):
    return (np.abs(x) + x) / 2, {"slopes": slopes(x, 0)}


def leaky_relu_forward(x, negative_slope=0.01):
    s = slopes(x, negative_slope)
    return x * s, {"slopes": s}


def elu_forward(x, alpha=1.0):
    negative = np.minimum(x, 0)
    out = np.maximum(x, 0) + np.expm1(negative) * alpha
    return out, {"slopes": slopes(x, (np.exp(negative) * alpha).astype(x.dtype))}


def relu_backward(dout, cache):
    return np.multiply(cache["slopes"], dout)


def leaky_relu_backward(dout, cache):
    return relu_backward(dout, cache)


def elu_backward(dout, cache):
    return relu_backward(dout, cache)


# %% cross_entropy
def cross_entropy_forward(logits, target):
    z = logits - np.amax(logits, axis=-1)[:, np.newaxis]
    log_sum = np.logaddexp.reduce(z, axis=1)
    picked = np.take_along_axis(z, target.reshape(-1, 1), axis=1)[:, 0]
    return np.average(log_sum - picked), {"z": z, "log_sum": log_sum, "target": target}


def cross_entropy_backward(dout, cache):
    d = np.exp(cache["z"] - cache["log_sum"][:, None])
    np.subtract.at(d, (range(len(d)), cache["target"]), 1)
    d *= dout
    d /= d.shape[0]
    return d


# %% conv2d_forward
def im2col(xp, kh, kw, stride):
    N, C, H, W = xp.shape
    h, w = (H - kh) // stride + 1, (W - kw) // stride + 1
    n_, c_, h_, w_ = xp.strides
    windows = np.lib.stride_tricks.as_strided(
        xp, (C, kh, kw, N, h, w), (c_, h_, w_, n_, h_ * stride, w_ * stride), writeable=False
    )
    return windows.reshape(C * kh * kw, N * h * w), (N, h, w)


def conv2d_forward(x, w, b, stride=1, padding=0):
    F, C, kh, kw = w.shape
    if x.shape[1] != C:
        raise ValueError("x and w disagree on the number of channels")
    if x.shape[2] + 2 * padding < kh or x.shape[3] + 2 * padding < kw:
        raise ValueError("no room for the filter")
    xp = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2), mode="constant")
    col, (N, h, v) = im2col(xp, kh, kw, stride)
    out = w.reshape(F, -1) @ col + b[:, None]
    cache = {"col": col, "w": w, "padded": xp.shape, "stride": stride, "padding": padding}
    return out.reshape(F, N, h, v).transpose(1, 0, 2, 3), cache


# %% conv2d_backward
def conv2d_backward(dout, cache):
    w, stride, p = cache["w"], cache["stride"], cache["padding"]
    N, C, H, W = cache["padded"]
    flat = dout.transpose(1, 0, 2, 3).reshape(dout.shape[1], -1)
    dw = (flat @ cache["col"].T).reshape(w.shape)
    dcol = w.reshape(len(w), -1).T @ flat
    pixels = np.arange(N * C * H * W).reshape(N, C, H, W)
    where, _ = im2col(pixels, w.shape[2], w.shape[3], stride)
    dxp = np.bincount(where.ravel(), dcol.ravel(), minlength=pixels.size).reshape(N, C, H, W)
    return dxp[:, :, p : H - p, p : W - p].astype(dout.dtype), dw, flat.sum(axis=1)


# %% max_pool2d
def pool_windows(x, k, stride):
    N, C, H, W = x.shape
    h, w = (H - k) // stride + 1, (W - k) // stride + 1
    n_, c_, h_, w_ = x.strides
    return np.lib.stride_tricks.as_strided(x, (N, C, h, w, k, k), (n_, c_, h_ * stride, w_ * stride, h_, w_))


def max_pool2d_forward(x, kernel_size, stride=None):
    step = kernel_size if stride is None else stride
    windows = pool_windows(x, kernel_size, step)
    flat = windows.reshape(windows.shape[:4] + (kernel_size**2,))
    best = flat.argmax(axis=4)[..., None]
    out = np.take_along_axis(flat, best, axis=4).squeeze(4)
    return out, {"best": best, "shape": x.shape, "k": kernel_size, "stride": step}


def max_pool2d_backward(dout, cache):
    pixels = np.arange(np.prod(cache["shape"])).reshape(cache["shape"])
    places = pool_windows(pixels, cache["k"], cache["stride"])
    places = np.take_along_axis(places.reshape(dout.shape + (-1,)), cache["best"], axis=4)
    dx = np.bincount(places.ravel(), dout.ravel(), minlength=pixels.size)
    return dx.reshape(cache["shape"]).astype(dout.dtype)


# %% avg_pool2d
def avg_pool2d_forward(x, kernel_size, stride=None):
    if not stride:
        stride = kernel_size
    N, C, H, W = x.shape
    h, w = (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1
    sums = np.zeros((N, C, h, w), dtype=x.dtype)
    for i in range(kernel_size):
        for j in range(kernel_size):
            sums += x[:, :, i : i + stride * h : stride, j : j + stride * w : stride]
    return sums / kernel_size / kernel_size, {"shape": x.shape, "k": kernel_size, "stride": stride}


def avg_pool2d_backward(dout, cache):
    k, stride = cache["k"], cache["stride"]
    h, w = dout.shape[2:]
    dx = np.zeros(cache["shape"], dout.dtype)
    for i in range(k):
        for j in range(k):
            dx[:, :, i : i + stride * h : stride, j : j + stride * w : stride] += dout
    return dx / k / k


# %% tiny_convnet
def tiny_convnet_loss(params, x, target):
    w1, b1, w2, b2 = (params[name] for name in ("w1", "b1", "w2", "b2"))
    conv, c1 = conv2d_forward(x, w1, b1, 1, 1)
    pooled, c2 = max_pool2d_forward(conv, 2, 2)
    relu, c3 = relu_forward(pooled)  # relu and maximum may change places
    logits, c4 = affine_forward(relu, w2, b2)
    loss, c5 = cross_entropy_forward(logits, target)
    drelu, dw2, db2 = affine_backward(cross_entropy_backward(1, c5), c4)
    dconv = max_pool2d_backward(relu_backward(drelu, c3), c2)
    _, dw1, db1 = conv2d_backward(dconv, c1)
    return loss, {"b2": db2, "w2": dw2, "b1": db1, "w1": dw1}
