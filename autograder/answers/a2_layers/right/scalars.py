"""Right answers one number at a time, seven loops deep: what NumPy sums is summed by hand. The slowest style."""

import numpy as np


# %% affine
def affine_forward(x, w, b):
    flat = x.reshape(len(x), -1)
    out = np.zeros((len(x), len(b)), dtype=x.dtype)
    for n in range(len(x)):
        for m in range(len(b)):
            total = b[m]
            for d in range(flat.shape[1]):
                total += flat[n, d] * w[m, d]
            out[n, m] = total
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    flat = x.reshape(len(x), -1)
    dx, dw, db = np.zeros_like(flat), np.zeros_like(w), np.zeros_like(b)
    for n in range(dout.shape[0]):
        for m in range(dout.shape[1]):
            db[m] += dout[n, m]
            for d in range(flat.shape[1]):
                dx[n, d] += dout[n, m] * w[m, d]
                dw[m, d] += dout[n, m] * flat[n, d]
    return dx.reshape(x.shape), dw, db


# %% relu_family
import math


def each(function, *arrays):
    out = np.zeros_like(arrays[0])
    for place in np.ndindex(out.shape):
        out[place] = function(*(float(array[place]) for array in arrays))
    return out


def relu_forward(x):
    return each(lambda v: v if v > 0 else 0, x), x


def relu_backward(dout, cache):
    return each(lambda d, v: d if v > 0 else 0, dout, cache)


def leaky_relu_forward(x, negative_slope=0.01):
    return each(lambda v: v if v > 0 else negative_slope * v, x), (x, negative_slope)


def leaky_relu_backward(dout, cache):
    x, negative_slope = cache
    return each(lambda d, v: d if v > 0 else negative_slope * d, dout, x)


def elu_forward(x, alpha=1.0):
    return each(lambda v: v if v > 0 else alpha * (math.exp(v) - 1), x), (x, alpha)


def elu_backward(dout, cache):
    x, alpha = cache
    return each(lambda d, v: d if v > 0 else d * alpha * math.exp(v), dout, x)


# %% cross_entropy
import math


def cross_entropy_forward(logits, target):
    log_p = np.zeros_like(logits)
    loss = 0.0
    for n, row in enumerate(logits.tolist()):
        highest = max(row)
        log_sum = math.log(sum(math.exp(z - highest) for z in row))
        for c, z in enumerate(row):
            log_p[n, c] = z - highest - log_sum
            if c == target[n]:
                loss -= z - highest - log_sum
    return loss / len(logits), (log_p, target)


def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.zeros_like(log_p)
    for n, c in np.ndindex(log_p.shape):
        dlogits[n, c] = dout * (math.exp(log_p[n, c]) - (c == target[n])) / len(target)
    return dlogits


# %% conv2d_forward
def conv2d_forward(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, channels, KH, KW = w.shape
    if C != channels:
        raise ValueError(f"{C} channels in x, {channels} in w")
    H_out, W_out = (H + 2 * padding - KH) // stride + 1, (W + 2 * padding - KW) // stride + 1
    if H_out < 1 or W_out < 1:
        raise ValueError("the filter is larger than the padded image")
    out = np.zeros((N, F, H_out, W_out), dtype=x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    total = b[f]
                    for c in range(C):
                        for u in range(KH):
                            for v in range(KW):
                                row, column = i * stride + u - padding, j * stride + v - padding
                                if 0 <= row < H and 0 <= column < W:
                                    total += x[n, c, row, column] * w[f, c, u, v]
                    out[n, f, i, j] = total
    return out, (x, w, b, stride, padding)


# %% conv2d_backward
def conv2d_backward(dout, cache):
    x, w, b, stride, padding = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    H, W = x.shape[2:]
    F, C, KH, KW = w.shape
    N, _, H_out, W_out = dout.shape
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    db[f] += dout[n, f, i, j]
                    for c in range(C):
                        for u in range(KH):
                            for v in range(KW):
                                row, column = i * stride + u - padding, j * stride + v - padding
                                if 0 <= row < H and 0 <= column < W:
                                    dw[f, c, u, v] += dout[n, f, i, j] * x[n, c, row, column]
                                    dx[n, c, row, column] += dout[n, f, i, j] * w[f, c, u, v]
    return dx, dw, db


# %% max_pool2d
def max_pool2d_forward(x, kernel_size, stride=None):
    stride = stride or kernel_size
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1), dtype=x.dtype)
    winners = np.zeros((*out.shape, 2), dtype=int)
    for n, c, i, j in np.ndindex(out.shape):
        winner = i * stride, j * stride
        for u in range(kernel_size):
            for v in range(kernel_size):
                if x[n, c, i * stride + u, j * stride + v] > x[n, c, winner[0], winner[1]]:
                    winner = i * stride + u, j * stride + v
        out[n, c, i, j] = x[n, c, winner[0], winner[1]]
        winners[n, c, i, j] = winner
    return out, (x.shape, winners)


def max_pool2d_backward(dout, cache):
    shape, winners = cache
    dx = np.zeros(shape, dtype=dout.dtype)
    for n, c, i, j in np.ndindex(dout.shape):
        row, column = winners[n, c, i, j]
        dx[n, c, row, column] += dout[n, c, i, j]
    return dx


# %% avg_pool2d
def avg_pool2d_forward(x, kernel_size, stride=None):
    stride = stride or kernel_size
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1), dtype=x.dtype)
    for n, c, i, j in np.ndindex(out.shape):
        for u in range(kernel_size):
            for v in range(kernel_size):
                out[n, c, i, j] += x[n, c, i * stride + u, j * stride + v] / kernel_size**2
    return out, (x.shape, kernel_size, stride)


def avg_pool2d_backward(dout, cache):
    shape, kernel_size, stride = cache
    dx = np.zeros(shape, dtype=dout.dtype)
    for n, c, i, j in np.ndindex(dout.shape):
        for u in range(kernel_size):
            for v in range(kernel_size):
                dx[n, c, i * stride + u, j * stride + v] += dout[n, c, i, j] / kernel_size**2
    return dx


# %% tiny_convnet
def tiny_convnet_loss(params, x, target):
    out, convolved = conv2d_forward(x, params["w1"], params["b1"], padding=1)
    out, bent = relu_forward(out)
    out, pooled = max_pool2d_forward(out, 2)
    out, weighed = affine_forward(out, params["w2"], params["b2"])
    loss, judged = cross_entropy_forward(out, target)
    d = cross_entropy_backward(1.0, judged)
    d, dw2, db2 = affine_backward(d, weighed)
    d = relu_backward(max_pool2d_backward(d, pooled), bent)
    _, dw1, db1 = conv2d_backward(d, convolved)
    return loss, {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}
