"""Pooling is wrong: the windows never overlap, and the gradient is shared out evenly."""

import numpy as np

# %% max_pool2d | strides are not looked at
def max_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    h, w = x.shape[2] // k, x.shape[3] // k
    return x[:, :, : h * k, : w * k].reshape(*x.shape[:2], h, k, w, k).max(axis=(3, 5)), (x.shape, k)


def max_pool2d_backward(dout, cache):
    shape, k = cache
    return np.repeat(np.repeat(dout, k, axis=2), k, axis=3) / k**2


# %% avg_pool2d | a sum, not an average
def avg_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    h, w = x.shape[2] // k, x.shape[3] // k
    return x[:, :, : h * k, : w * k].reshape(*x.shape[:2], h, k, w, k).sum(axis=(3, 5)), (x.shape, k)


def avg_pool2d_backward(dout, cache):
    shape, k = cache
    return np.repeat(np.repeat(dout, k, axis=2), k, axis=3)
