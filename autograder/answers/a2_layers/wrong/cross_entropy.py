"""Wrong answers to cross_entropy. The code up to the first cell is right; each cell redefines what it gets wrong."""

import numpy as np


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -log_p[np.arange(len(target)), target].mean(), (log_p, target)


def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.exp(log_p)
    dlogits[np.arange(len(target)), target] -= 1
    return (dlogits * (dout / len(target))).astype(log_p.dtype)


# %% cross_entropy | exp overflows: the maximum is not taken away
# caught by: logits of a thousand: loss; logits of a thousand: gradient
def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


# %% cross_entropy | the maximum of the whole batch is taken away
# caught by: logits of a thousand: loss; logits of a thousand: gradient
def log_softmax(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


# %% cross_entropy | the mean is taken away where the maximum should be
# caught by: logits of a thousand: loss; logits of a thousand: gradient
def log_softmax(logits):
    shifted = logits - logits.mean(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


# %% cross_entropy | a probability that underflows has the logarithm minus infinity
# caught by: confident and wrong: very small probabilities
def log_softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.log(p / p.sum(axis=1, keepdims=True))


# %% cross_entropy | log(p + 1e-8)
# caught by: confident and wrong: very small probabilities
def log_softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.log(p / p.sum(axis=1, keepdims=True) + 1e-8)


# %% cross_entropy | probabilities are clipped at 1e-12
# caught by: confident and wrong: very small probabilities
def log_softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.log(np.clip(p / p.sum(axis=1, keepdims=True), 1e-12, 1))


# %% cross_entropy | logits are clipped before exp
# caught by: confident and wrong: very small probabilities
def log_softmax(logits):
    logits = np.clip(logits, -50, 50)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


# %% cross_entropy | softmax runs over the batch
# caught by: equal logits cost log C
# also: tiny_convnet
def log_softmax(logits):
    shifted = logits - logits.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


# %% cross_entropy | softmax runs over the whole array
# caught by: equal logits cost log C
# also: tiny_convnet
def log_softmax(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


# %% cross_entropy | logarithm to base 2
# caught by: equal logits cost log C
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -log_p[np.arange(len(target)), target].mean() / np.log(2), (log_p, target)


# %% cross_entropy | the maximum is taken away in place
# caught by: logits, target and the cache are left alone
def log_softmax(logits):
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


# %% cross_entropy | the sum over the batch, not the mean
# caught by: equal logits cost log C
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -log_p[np.arange(len(target)), target].sum(), (log_p, target)


def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.exp(log_p)
    dlogits[np.arange(len(target)), target] -= 1
    return (dlogits * dout).astype(log_p.dtype)


# %% cross_entropy | the mean runs over classes too
# caught by: equal logits cost log C
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -(np.eye(logits.shape[1])[target] * log_p).mean(), (log_p, target)


# %% cross_entropy | the sign is wrong
# caught by: equal logits cost log C
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return log_p[np.arange(len(target)), target].mean(), (log_p, target)


# %% cross_entropy | every row is asked for every target
# caught by: random batches: loss
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -log_p[:, target].mean(), (log_p, target)


# %% cross_entropy | the target is taken for the most probable class
# caught by: random batches: loss
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -log_p.max(axis=1).mean(), (log_p, target)


# %% cross_entropy | log of the mean probability
# caught by: random batches: loss
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -np.log(np.exp(log_p[np.arange(len(target)), target]).mean()), (log_p, target)


# %% cross_entropy | the loss of each sample is returned
# caught by: the worked example
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -log_p[np.arange(len(target)), target], (log_p, target)


# %% cross_entropy | targets are overwritten with a one-hot code
# caught by: logits, target and the cache are left alone
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    loss = -log_p[np.arange(len(target)), target].mean()
    cache = log_p, target.copy()
    target[:] = 1
    return loss, cache


# %% cross_entropy | the gradient forgets 1/N
# caught by: random batches: gradient
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.exp(log_p)
    dlogits[np.arange(len(target)), target] -= 1
    return (dlogits * dout).astype(log_p.dtype)


# %% cross_entropy | the gradient is divided by the number of classes
# caught by: random batches: gradient
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.exp(log_p)
    dlogits[np.arange(len(target)), target] -= 1
    return (dlogits * (dout / log_p.shape[1])).astype(log_p.dtype)


# %% cross_entropy | the gradient ignores dout
# caught by: dout scales the gradient
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.exp(log_p)
    dlogits[np.arange(len(target)), target] -= 1
    return dlogits / len(target)


# %% cross_entropy | one is taken away in every row's target columns
# caught by: random batches: gradient
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.exp(log_p)
    dlogits[:, target] -= 1
    return (dlogits * (dout / len(target))).astype(log_p.dtype)


# %% cross_entropy | the gradient is p alone
# caught by: random batches: gradient
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    return (np.exp(log_p) * (dout / len(target))).astype(log_p.dtype)


# %% cross_entropy | the gradient has the wrong sign
# caught by: random batches: gradient
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = -np.exp(log_p)
    dlogits[np.arange(len(target)), target] += 1
    return (dlogits * (dout / len(target))).astype(log_p.dtype)


# %% cross_entropy | only the target's column gets a gradient
# caught by: random batches: gradient
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    rows = np.arange(len(target))
    dlogits = np.zeros_like(log_p)
    dlogits[rows, target] = np.exp(log_p[rows, target]) - 1
    return (dlogits * (dout / len(target))).astype(log_p.dtype)


# %% cross_entropy | one is divided too late
# caught by: random batches: gradient
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    dlogits = np.exp(log_p) / len(target)
    dlogits[np.arange(len(target)), target] -= 1
    return (dlogits * dout).astype(log_p.dtype)


# %% cross_entropy | a one-hot matrix makes the gradient float64
# caught by: float32 stays float32
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    return (np.exp(log_p) - np.eye(log_p.shape[1])[target]) * (dout / len(target))


# %% cross_entropy | ten classes, always
# caught by: the worked example
# also: tiny_convnet
def cross_entropy_backward(dout, cache):
    log_p, target = cache
    one_hot = np.zeros((len(target), 10), dtype=log_p.dtype)
    one_hot[np.arange(len(target)), target] = 1
    return ((np.exp(log_p) - one_hot) * (dout / len(target))).astype(log_p.dtype)


# %% cross_entropy | the second backward starts from the first one's leavings
# caught by: two calls do not mix
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    return -log_p[np.arange(len(target)), target].mean(), (np.exp(log_p), target)


def cross_entropy_backward(dout, cache):
    p, target = cache
    p[np.arange(len(target)), target] -= 1
    return (p * (dout / len(target))).astype(p.dtype)


# %% cross_entropy | the cache is a global variable
# caught by: two calls do not mix
def cross_entropy_forward(logits, target):
    global last
    log_p = log_softmax(logits)
    last = log_p, target
    return -log_p[np.arange(len(target)), target].mean(), None


def cross_entropy_backward(dout, cache):
    log_p, target = last
    dlogits = np.exp(log_p)
    dlogits[np.arange(len(target)), target] -= 1
    return (dlogits * (dout / len(target))).astype(log_p.dtype)


# %% cross_entropy | log(p + 1e-7)
# caught by: confident and wrong: very small probabilities
def log_softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.log(p / p.sum(axis=1, keepdims=True) + logits.dtype.type(1e-7))


# %% cross_entropy | log(p + 1e-12)
# caught by: confident and wrong: very small probabilities
def log_softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.log(p / p.sum(axis=1, keepdims=True) + logits.dtype.type(1e-12))


# %% cross_entropy | probabilities are clipped to 1e-7 and 1 - 1e-7
# caught by: confident and wrong: very small probabilities
def cross_entropy_forward(logits, target):
    log_p = log_softmax(logits)
    kept = np.clip(np.exp(log_p), 1e-7, 1 - 1e-7)
    return -np.log(kept[np.arange(len(target)), target]).mean(), (log_p, target)


# %% cross_entropy | logits lose their axes of length 1
# caught by: random batches: loss
# also: tiny_convnet
def cross_entropy_forward(logits, target):
    log_p = log_softmax(np.squeeze(logits))
    return -log_p[np.arange(len(target)), target].mean(), (log_p, target)


# %% cross_entropy | large logits are cut off at 500
# caught by: logits of a thousand: loss
def log_softmax(logits):
    shifted = np.minimum(logits, 500) - np.minimum(logits, 500).max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
