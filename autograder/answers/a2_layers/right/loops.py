"""Right answers in plain loops, as a second-year student writes them: one number at a time, nothing clever.

Caches are tuples; only the innermost sums use NumPy.
"""

import numpy as np


# %% affine
def affine_forward(x, w, b):
    N, M = x.shape[0], w.shape[0]
    out = np.zeros((N, M), dtype=x.dtype)
    for n in range(N):
        row = x[n].flatten()
        for m in range(M):
            out[n, m] = np.sum(row * w[m]) + b[m]
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    N, M = dout.shape
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        row = x[n].flatten()
        drow = np.zeros_like(row)
        for m in range(M):
            drow += dout[n, m] * w[m]
            dw[m] += dout[n, m] * row
            db[m] += dout[n, m]
        dx[n] = drow.reshape(x[n].shape)
    return dx, dw, db


# %% relu_family
def relu_forward(x):
    out = x.copy()
    for i in np.ndindex(x.shape):
        if x[i] < 0:
            out[i] = 0
    return out, x


def relu_backward(dout, cache):
    x = cache
    dx = np.zeros_like(dout)
    for i in np.ndindex(x.shape):
        if x[i] > 0:
            dx[i] = dout[i]
    return dx


def leaky_relu_forward(x, negative_slope=0.01):
    out = x.copy()
    for i in np.ndindex(x.shape):
        if x[i] < 0:
            out[i] = negative_slope * x[i]
    return out, (x, negative_slope)


def leaky_relu_backward(dout, cache):
    x, negative_slope = cache
    dx = dout.copy()
    for i in np.ndindex(x.shape):
        if x[i] <= 0:
            dx[i] = negative_slope * dout[i]
    return dx


def elu_forward(x, alpha=1.0):
    out = x.copy()
    for i in np.ndindex(x.shape):
        if x[i] < 0:
            out[i] = alpha * (np.exp(x[i]) - 1)
    return out, (x, alpha)


def elu_backward(dout, cache):
    x, alpha = cache
    dx = dout.copy()
    for i in np.ndindex(x.shape):
        if x[i] <= 0:
            dx[i] = dout[i] * alpha * np.exp(x[i])
    return dx


# %% cross_entropy
def cross_entropy_forward(logits, target):
    N, C = logits.shape
    probabilities = np.zeros_like(logits)
    loss = 0.0
    for n in range(N):
        largest = max(logits[n])
        total = 0.0
        for c in range(C):
            total += np.exp(logits[n, c] - largest)
        for c in range(C):
            probabilities[n, c] = np.exp(logits[n, c] - largest) / total
        loss += np.log(total) + largest - logits[n, target[n]]
    return loss / N, (probabilities, target)


def cross_entropy_backward(dout, cache):
    probabilities, target = cache
    N, C = probabilities.shape
    dlogits = np.zeros_like(probabilities)
    for n in range(N):
        for c in range(C):
            wanted = 1 if c == target[n] else 0
            dlogits[n, c] = dout * (probabilities[n, c] - wanted) / N
    return dlogits


# %% conv2d_forward
def conv2d_forward(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, channels, KH, KW = w.shape
    if channels != C:
        raise ValueError(f"the images have {C} channels, the filters {channels}")
    if H + 2 * padding < KH or W + 2 * padding < KW:
        raise ValueError("the filters are larger than the padded images")
    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=x.dtype)
    padded[:, :, padding : padding + H, padding : padding + W] = x
    H_out = (H + 2 * padding - KH) // stride + 1
    W_out = (W + 2 * padding - KW) // stride + 1
    out = np.zeros((N, F, H_out, W_out), dtype=x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = padded[n, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, stride, padding)


# %% conv2d_backward
def conv2d_backward(dout, cache):
    x, w, b, stride, padding = cache
    N, C, H, W = x.shape
    F, C, KH, KW = w.shape
    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=x.dtype)
    padded[:, :, padding : padding + H, padding : padding + W] = x
    dpadded = np.zeros_like(padded)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    top, left = i * stride, j * stride
                    dw[f] += dout[n, f, i, j] * padded[n, :, top : top + KH, left : left + KW]
                    dpadded[n, :, top : top + KH, left : left + KW] += dout[n, f, i, j] * w[f]
                    db[f] += dout[n, f, i, j]
    dx = dpadded[:, :, padding : padding + H, padding : padding + W]
    return dx, dw, db


# %% max_pool2d
def max_pool2d_forward(x, kernel_size, stride=None):
    if stride is None:
        stride = kernel_size
    N, C, H, W = x.shape
    H_out = (H - kernel_size) // stride + 1
    W_out = (W - kernel_size) // stride + 1
    out = np.zeros((N, C, H_out, W_out), dtype=x.dtype)
    where = {}
    for n, c, i, j in np.ndindex(out.shape):
        best = None
        for y in range(i * stride, i * stride + kernel_size):
            for z in range(j * stride, j * stride + kernel_size):
                if best is None or x[n, c, y, z] > best:
                    best = x[n, c, y, z]
                    where[n, c, i, j] = (n, c, y, z)
        out[n, c, i, j] = best
    return out, (x.shape, where)


def max_pool2d_backward(dout, cache):
    shape, where = cache
    dx = np.zeros(shape, dtype=dout.dtype)
    for place in np.ndindex(dout.shape):
        dx[where[place]] += dout[place]
    return dx


# %% avg_pool2d
def avg_pool2d_forward(x, kernel_size, stride=None):
    if stride is None:
        stride = kernel_size
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1), dtype=x.dtype)
    for n, c, i, j in np.ndindex(out.shape):
        total = 0.0
        for y in range(i * stride, i * stride + kernel_size):
            for z in range(j * stride, j * stride + kernel_size):
                total += x[n, c, y, z]
        out[n, c, i, j] = total / (kernel_size * kernel_size)
    return out, (x.shape, kernel_size, stride)


def avg_pool2d_backward(dout, cache):
    shape, kernel_size, stride = cache
    dx = np.zeros(shape, dtype=dout.dtype)
    for n, c, i, j in np.ndindex(dout.shape):
        for y in range(i * stride, i * stride + kernel_size):
            for z in range(j * stride, j * stride + kernel_size):
                dx[n, c, y, z] += dout[n, c, i, j] / (kernel_size * kernel_size)
    return dx


# %% tiny_convnet
def tiny_convnet_loss(params, x, target):
    a1, conv_cache = conv2d_forward(x, params["w1"], params["b1"], stride=1, padding=1)
    a2, relu_cache = relu_forward(a1)
    a3, pool_cache = max_pool2d_forward(a2, 2)
    scores, affine_cache = affine_forward(a3, params["w2"], params["b2"])
    loss, loss_cache = cross_entropy_forward(scores, target)

    grads = {}
    dscores = cross_entropy_backward(1.0, loss_cache)
    da3, grads["w2"], grads["b2"] = affine_backward(dscores, affine_cache)
    da2 = max_pool2d_backward(da3, pool_cache)
    da1 = relu_backward(da2, relu_cache)
    _, grads["w1"], grads["b1"] = conv2d_backward(da1, conv_cache)
    return loss, grads
