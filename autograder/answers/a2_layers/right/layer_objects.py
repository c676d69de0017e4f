"""Right answers built from small classes: every cache is the layer itself, which keeps what it needs as attributes.

Sums run in float64 and are cast back at the end, so that float32 results differ from the reference in their last bits.
"""

import numpy as np


# %% affine
class Affine:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        self.flat = x.reshape(len(x), -1).astype(np.float64)
        return (self.flat @ self.w.T.astype(np.float64) + self.b).astype(x.dtype)

    def backward(self, dout):
        wide = dout.astype(np.float64)
        self.dw = (wide.T @ self.flat).astype(self.w.dtype)
        self.db = wide.sum(0).astype(self.b.dtype)
        return (wide @ self.w).reshape(self.x.shape).astype(self.x.dtype)


def affine_forward(x, w, b):
    layer = Affine(w, b)
    return layer.forward(x), layer


def affine_backward(dout, cache):
    dx = cache.backward(dout)
    return dx, cache.dw, cache.db


# %% relu_family
class Activation:
    """y = x above 0 and f(x) from 0 downwards."""

    def __init__(self, f, df):
        self.f, self.df = f, df

    def forward(self, x):
        self.x = x
        out = x.astype(np.float64)
        low = x <= 0
        out[low] = self.f(out[low])
        return out.astype(x.dtype), self

    def backward(self, dout):
        dx = dout.astype(np.float64)
        low = self.x <= 0
        dx[low] *= self.df(self.x[low].astype(np.float64))
        return dx.astype(self.x.dtype)


def relu_forward(x):
    return Activation(lambda v: 0 * v, lambda v: 0.0).forward(x)


def leaky_relu_forward(x, negative_slope=0.01):
    return Activation(lambda v: negative_slope * v, lambda v: negative_slope).forward(x)


def elu_forward(x, alpha=1.0):
    return Activation(lambda v: alpha * np.expm1(v), lambda v: alpha * np.exp(v)).forward(x)


def relu_backward(dout, cache):
    return cache.backward(dout)


def leaky_relu_backward(dout, cache):
    return cache.backward(dout)


def elu_backward(dout, cache):
    return cache.backward(dout)


# %% cross_entropy
class CrossEntropy:
    def __init__(self, logits, target):
        self.dtype = logits.dtype
        z = logits.astype(np.float64)
        z -= z.max(axis=1, keepdims=True)
        self.log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        self.chosen = np.arange(logits.shape[0]), target

    def loss(self):
        return float(-np.mean(self.log_p[self.chosen]))

    def gradient(self, dout):
        g = np.exp(self.log_p)
        g[self.chosen] -= 1
        g *= dout / len(g)
        return g.astype(self.dtype)


def cross_entropy_forward(logits, target):
    layer = CrossEntropy(logits, target)
    return layer.loss(), layer


def cross_entropy_backward(dout, cache):
    return cache.gradient(dout)


# %% conv2d_forward
class Conv2d:
    def __init__(self, x, w, b, stride, padding):
        self.x, self.w, self.b, self.stride, self.padding = x, w, b, stride, padding
        (_, c, h, v), (_, d, kh, kw) = x.shape, w.shape
        if c != d:
            raise ValueError(f"images of {c} channels, filters for {d}")
        self.rows = self.starts(h, kh)
        self.columns = self.starts(v, kw)

    def starts(self, n, k):
        room = n + 2 * self.padding - k
        if room < 0:
            raise ValueError(f"a filter of {k} does not fit into {n} pixels and {self.padding} of padding a side")
        return range(0, room + 1, self.stride)

    def padded(self, x):
        p, (n, c, h, v) = self.padding, x.shape
        wide = np.zeros((n, c, h + 2 * p, v + 2 * p))
        wide[:, :, p : p + h, p : p + v] = x
        return wide

    def positions(self):
        kh, kw = self.w.shape[2:]
        for i, top in enumerate(self.rows):
            for j, left in enumerate(self.columns):
                yield (..., i, j), (..., slice(top, top + kh), slice(left, left + kw))

    def forward(self):
        wide = self.padded(self.x)
        out = np.empty((len(self.x), len(self.w), len(self.rows), len(self.columns)))
        for here, window in self.positions():
            out[here] = np.tensordot(wide[window], self.w, axes=([1, 2, 3], [1, 2, 3])) + self.b
        return out.astype(self.x.dtype)

    def backward(self, dout):
        wide = self.padded(self.x)
        dwide = np.zeros_like(wide)
        dw = np.zeros(self.w.shape)
        for here, window in self.positions():
            dw += np.tensordot(dout[here].T, wide[window], axes=1)
            dwide[window] += np.tensordot(dout[here], self.w, axes=1)
        p, (h, v) = self.padding, self.x.shape[2:]
        dx = dwide[:, :, p : p + h, p : p + v]
        db = dout.astype(np.float64).sum((0, 2, 3))
        return dx.astype(self.x.dtype), dw.astype(self.w.dtype), db.astype(self.b.dtype)


def conv2d_forward(x, w, b, stride=1, padding=0):
    layer = Conv2d(x, w, b, stride, padding)
    return layer.forward(), layer


# %% conv2d_backward
def conv2d_backward(dout, cache):
    return cache.backward(dout)


# %% max_pool2d
class Pool:
    def __init__(self, x, kernel_size, stride):
        self.k = kernel_size
        self.s = stride if stride is not None else kernel_size
        self.x = x
        self.shape = x.shape[:2] + tuple((n - self.k) // self.s + 1 for n in x.shape[2:])

    def window(self, i, j):
        return np.s_[:, :, i * self.s : i * self.s + self.k, j * self.s : j * self.s + self.k]

    def forward(self):
        out = np.empty(self.shape, dtype=self.x.dtype)
        for i, j in np.ndindex(self.shape[2:]):
            out[:, :, i, j] = self.pool(self.x[self.window(i, j)].reshape(*self.shape[:2], -1))
        return out

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        for i, j in np.ndindex(self.shape[2:]):
            flat = self.x[self.window(i, j)].reshape(*self.shape[:2], -1)
            part = self.spread(flat, dout[:, :, i, j])
            dx[self.window(i, j)] += part.reshape(*self.shape[:2], self.k, self.k)
        return dx


class MaxPool(Pool):
    def pool(self, flat):
        return flat.max(axis=-1)

    def spread(self, flat, d):
        part = np.zeros_like(flat)
        np.put_along_axis(part, flat.argmax(axis=-1)[..., None], d[..., None], axis=-1)
        return part


def max_pool2d_forward(x, kernel_size, stride=None):
    layer = MaxPool(x, kernel_size, stride)
    return layer.forward(), layer


def max_pool2d_backward(dout, cache):
    return cache.backward(dout)


# %% avg_pool2d
class AveragePool(Pool):
    def pool(self, flat):
        return flat.mean(axis=-1)

    def spread(self, flat, d):
        return np.repeat(d[..., None] / self.k**2, self.k**2, axis=-1)


def avg_pool2d_forward(x, kernel_size, stride=None):
    layer = AveragePool(x, kernel_size, stride)
    return layer.forward(), layer


def avg_pool2d_backward(dout, cache):
    return cache.backward(dout)


# %% tiny_convnet
def tiny_convnet_loss(params, x, target):
    conv = Conv2d(x, params["w1"], params["b1"], stride=1, padding=1)
    active, relu = relu_forward(conv.forward())
    pool = MaxPool(active, 2, None)
    affine = Affine(params["w2"], params["b2"])
    end = CrossEntropy(affine.forward(pool.forward()), target)
    dpooled = affine.backward(end.gradient(1.0))
    _, dw1, db1 = conv.backward(relu.backward(pool.backward(dpooled)))
    return end.loss(), {"w1": dw1, "b1": db1, "w2": affine.dw, "b2": affine.db}
