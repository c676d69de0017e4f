"""Wrong answers to affine. The code up to the first cell is right; each cell redefines what it gets wrong."""

import numpy as np


def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w.T + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), dout.T @ x.reshape(len(x), -1), dout.sum(axis=0)


# %% affine | the bias is forgotten
# caught by: random batches: out
# also: tiny_convnet
def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w.T, (x, w)


# %% affine | w is reshaped to (D, M) where it should be transposed
# caught by: random batches: out
# also: tiny_convnet
def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w.reshape(-1, len(b)) + b, (x, w)


# %% affine | w is expected as (D, M)
# caught by: images are flattened
# also: tiny_convnet
def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w)


# %% affine | images are not flattened
# caught by: images are flattened
# also: tiny_convnet
def affine_forward(x, w, b):
    return x @ w.T + b, (x, w)


# %% affine | images are flattened channels last
# caught by: random batches: out
# also: tiny_convnet
def affine_forward(x, w, b):
    flat = np.moveaxis(x, 1, -1).reshape(len(x), -1)
    return flat @ w.T + b, (x, w)


# %% affine | a batch of one loses its batch axis
# caught by: a batch of one, a single output
# also: tiny_convnet
def affine_forward(x, w, b):
    return np.squeeze(x.reshape(len(x), -1) @ w.T + b), (x, w)


# %% affine | out is float64 whatever comes in
# caught by: float32 stays float32
# also: tiny_convnet
def affine_forward(x, w, b):
    out = np.zeros((len(x), len(b)))
    for n in range(len(x)):
        out[n] = w @ x[n].reshape(-1) + b
    return out, (x, w)


# %% affine | the loop stops before the last sample
# caught by: random batches: out
# also: tiny_convnet
def affine_forward(x, w, b):
    out = np.zeros((len(x), len(b)), dtype=x.dtype)
    for n in range(len(x) - 1):
        out[n] = w @ x[n].reshape(-1) + b
    return out, (x, w)


# %% affine | x is centred in place
# caught by: inputs and dout are left alone
# also: tiny_convnet
def affine_forward(x, w, b):
    flat = x.reshape(len(x), -1)
    flat -= flat.mean(axis=0)
    return flat @ w.T + b, (x, w)


# %% affine | b is reshaped in place
# caught by: inputs and dout are left alone
# also: tiny_convnet
def affine_forward(x, w, b):
    b.shape = (1, len(b))
    return x.reshape(len(x), -1) @ w.T + b, (x, w)


# %% affine | the output collects in b
# caught by: inputs and dout are left alone
# also: tiny_convnet
def affine_forward(x, w, b):
    out = np.empty((len(x), len(b)), dtype=x.dtype)
    for n in range(len(x)):
        row = b
        row += w @ x[n].reshape(-1)
        out[n] = row
    return out, (x, w)


# %% affine | dx stays flat
# caught by: images are flattened
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return dout @ w, dout.T @ x.reshape(len(x), -1), dout.sum(axis=0)


# %% affine | dw is transposed
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


# %% affine | dw has w's shape but not its order
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), (x.reshape(len(x), -1).T @ dout).reshape(w.shape), dout.sum(axis=0)


# %% affine | db is summed over the wrong axis
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), dout.T @ x.reshape(len(x), -1), dout.sum(axis=1)


# %% affine | db is a single number
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), dout.T @ x.reshape(len(x), -1), dout.sum()


# %% affine | db is the batch's mean
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), dout.T @ x.reshape(len(x), -1), dout.mean(axis=0)


# %% affine | dw is the batch's mean
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), dout.T @ x.reshape(len(x), -1) / len(x), dout.sum(axis=0)


# %% affine | dx ignores dout
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    dx = np.ones_like(dout) @ w
    return dx.reshape(x.shape), dout.T @ x.reshape(len(x), -1), dout.sum(axis=0)


# %% affine | db ignores dout
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w).reshape(x.shape), dout.T @ x.reshape(len(x), -1), np.full(len(w), len(x), dout.dtype)


# %% affine | dw is float64 whatever comes in
# caught by: float32 stays float32
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    dw = np.zeros(w.shape)
    for n in range(len(x)):
        dw += np.outer(dout[n], x[n])
    return (dout @ w).reshape(x.shape), dw, dout.sum(axis=0)


# %% affine | dout is scaled in place
# caught by: inputs and dout are left alone
def affine_backward(dout, cache):
    x, w = cache
    dx = (dout @ w).reshape(x.shape)
    dw = dout.T @ x.reshape(len(x), -1)
    db = dout.sum(axis=0)
    dout /= len(x)
    return dx, dw, db


# %% affine | the cache is a global variable
# caught by: two calls do not mix
def affine_forward(x, w, b):
    global last
    last = x, w
    return x.reshape(len(x), -1) @ w.T + b, None


def affine_backward(dout, cache):
    x, w = last
    return (dout @ w).reshape(x.shape), dout.T @ x.reshape(len(x), -1), dout.sum(axis=0)


# %% affine | dw piles up in the cache
# caught by: two calls do not mix
def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w.T + b, (x, w, np.zeros_like(w))


def affine_backward(dout, cache):
    x, w, dw = cache
    dw += dout.T @ x.reshape(len(x), -1)
    return (dout @ w).reshape(x.shape), dw, dout.sum(axis=0)


# %% affine | dw has the right shape through a reshape of the wrong axes
# caught by: random batches: gradients
# also: tiny_convnet
def affine_backward(dout, cache):
    x, w = cache
    dw = np.einsum("nm,nd->dm", dout, x.reshape(len(x), -1)).reshape(w.shape)
    return (dout @ w).reshape(x.shape), dw, dout.sum(axis=0)
