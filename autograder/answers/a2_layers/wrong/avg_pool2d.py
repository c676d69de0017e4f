"""Wrong answers to avg_pool2d. The code up to the first cell is right; each cell redefines what it gets wrong."""

import numpy as np


def sized(n, k, stride):
    return (n - k) // stride + 1


def average(window):  # (N, C, K, K) -> (N, C)
    return window.mean(axis=(2, 3))


def share(k, stride):  # of each pixel in its window's gradient
    return 1 / k**2


def avg_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    out = np.empty((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = average(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x.shape, x.dtype, k, stride)


def avg_pool2d_backward(dout, cache):
    shape, dtype, k, stride = cache
    dx = np.zeros(shape, dtype=dtype)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] += share(k, stride) * dout[:, :, i, j, None, None]
    return dx


# %% avg_pool2d | the sum
# caught by: random windows: out
def average(window):
    return window.sum(axis=(2, 3))


# %% avg_pool2d | the sum is divided by K, not by K*K
# caught by: random windows: out
def average(window):
    return window.sum(axis=(2, 3)) / window.shape[2]


# %% avg_pool2d | the median
# caught by: random windows: out
def average(window):
    return np.median(window, axis=(2, 3))


# %% avg_pool2d | the maximum
# caught by: random windows: out
def average(window):
    return window.max(axis=(2, 3))


# %% avg_pool2d | the division is an integer's
# caught by: random windows: out
def average(window):
    return window.sum(axis=(2, 3)) // window[0, 0].size


# %% avg_pool2d | the average runs over channels too
# caught by: random windows: out
def average(window):
    return window.mean(axis=(1, 2, 3))[:, None]


# %% avg_pool2d | the gradient is not divided
# caught by: random windows: dx
def share(k, stride):
    return 1


# %% avg_pool2d | the gradient is divided by K, not by K*K
# caught by: random windows: dx
def share(k, stride):
    return 1 / k


# %% avg_pool2d | the gradient is divided by the stride's square
# caught by: random windows: dx
def share(k, stride):
    return 1 / stride**2


# %% avg_pool2d | an incomplete window counts
# caught by: random windows: out
def sized(n, k, stride):
    return -((n - k) // -stride) + 1


# %% avg_pool2d | the output size lacks its plus one
# caught by: random windows: out
def sized(n, k, stride):
    return (n - k) // stride


# %% avg_pool2d | the output size divides by the kernel only
# caught by: random windows: out
def sized(n, k, stride):
    return n // k


# %% avg_pool2d | the output size divides by the stride only
# caught by: random windows: out
def sized(n, k, stride):
    return n // stride


# %% avg_pool2d | the stride is always the kernel's size
# caught by: random windows: dx
def avg_pool2d_forward(x, kernel_size, stride=None):
    k = stride = kernel_size
    out = np.empty((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = average(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x.shape, x.dtype, k, stride)


# %% avg_pool2d | the stride is 1 unless given
# caught by: random windows: out
def avg_pool2d_forward(x, kernel_size, stride=1):
    k = kernel_size
    out = np.empty((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = average(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x.shape, x.dtype, k, stride)


# %% avg_pool2d | images are taken for square
# caught by: leftover rows and columns, by finite differences
def avg_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    height = width = sized(x.shape[2], k, stride)
    out = np.empty((*x.shape[:2], height, width), dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = average(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x.shape, x.dtype, k, stride)


# %% avg_pool2d | a reshape that needs the image to divide evenly
# caught by: random windows: out
def avg_pool2d_forward(x, kernel_size, stride=None):
    n, c, h, w = x.shape
    k = kernel_size
    return x.reshape(n, c, h // k, k, w // k, k).mean(axis=(3, 5)), (x.shape, x.dtype, k, k)


# %% avg_pool2d | out is float64 whatever comes in
# caught by: float32 stays float32
def avg_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    out = np.zeros((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = average(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x.shape, x.dtype, k, stride)


# %% avg_pool2d | x is divided in place
# caught by: x, dout and the cache are left alone
def avg_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    x /= k**2
    out = np.empty((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i * stride : i * stride + k, j * stride : j * stride + k].sum(axis=(2, 3))
    return out, (x.shape, x.dtype, k, stride)


# %% avg_pool2d | overlapping windows overwrite each other
# caught by: random windows: dx
def avg_pool2d_backward(dout, cache):
    shape, dtype, k, stride = cache
    dx = np.zeros(shape, dtype=dtype)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k] = dout[:, :, i, j, None, None] / k**2
    return dx


# %% avg_pool2d | the gradient is repeated as if windows never overlapped
# caught by: random windows: dx
def avg_pool2d_backward(dout, cache):
    shape, dtype, k, _ = cache
    dx = np.zeros(shape, dtype=dtype)
    spread = dout.repeat(k, axis=2).repeat(k, axis=3)[:, :, : shape[2], : shape[3]] / k**2
    dx[:, :, : spread.shape[2], : spread.shape[3]] = spread
    return dx


# %% avg_pool2d | dx lacks the leftover rows and columns
# caught by: random windows: dx
def avg_pool2d_backward(dout, cache):
    (n, c, _, _), dtype, k, stride = cache
    height, width = dout.shape[2:]
    dx = np.zeros((n, c, (height - 1) * stride + k, (width - 1) * stride + k), dtype=dtype)
    for i in range(height):
        for j in range(width):
            dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += dout[:, :, i, j, None, None] / k**2
    return dx


# %% avg_pool2d | dx is float64 whatever comes in
# caught by: float32 stays float32
def avg_pool2d_backward(dout, cache):
    shape, _, k, stride = cache
    dx = np.zeros(shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += dout[:, :, i, j, None, None] / k**2
    return dx


# %% avg_pool2d | the gradient ignores dout
# caught by: random windows: dx
def avg_pool2d_backward(dout, cache):
    shape, dtype, k, stride = cache
    dx = np.zeros(shape, dtype=dtype)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += 1 / k**2
    return dx


# %% avg_pool2d | dout is divided in place
# caught by: x, dout and the cache are left alone
def avg_pool2d_backward(dout, cache):
    shape, dtype, k, stride = cache
    dx = np.zeros(shape, dtype=dtype)
    dout /= k**2
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += dout[:, :, i, j, None, None]
    return dx


# %% avg_pool2d | zeros are left out of the average
# caught by: random windows: out
def average(window):
    return window.sum(axis=(2, 3)) / np.maximum((window != 0).sum(axis=(2, 3)), 1)


# %% avg_pool2d | the stride is forgotten on the way back
# caught by: random windows: dx
def avg_pool2d_backward(dout, cache):
    shape, dtype, k, _ = cache
    dx = np.zeros(shape, dtype=dtype)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * k : i * k + k, j * k : j * k + k] += dout[:, :, i, j, None, None] / k**2
    return dx


# %% avg_pool2d | only the first window is filled
# caught by: random windows: out
def avg_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    out = np.zeros((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = average(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
            return out, (x.shape, x.dtype, k, stride)


# %% avg_pool2d | the right shape through a reshape of the wrong axes
# caught by: random windows: out
def avg_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    height, width = sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)
    columns = []
    for i in range(height):
        for j in range(width):
            columns.append(average(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k]))
    return np.array(columns, dtype=x.dtype).reshape(*x.shape[:2], height, width), (x.shape, x.dtype, k, stride)


# %% avg_pool2d | the window's places are floats
# caught by: the worked example
def sized(n, k, stride):
    return (n - k) / stride + 1
