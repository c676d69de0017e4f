"""Wrong answers to tiny_convnet. The code up to the first cell is right; each cell redefines what it gets wrong.

The layers are the reference's, from the cells above.
"""

import numpy as np


def forward(params, x):
    a, conv = conv2d_forward(x, params["w1"], params["b1"], padding=1)
    r, relu = relu_forward(a)
    p, pool = max_pool2d_forward(r, 2)
    logits, affine = affine_forward(p, params["w2"], params["b2"])
    return logits, (conv, relu, pool, affine)


def backward(dlogits, caches):
    conv, relu, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    da = relu_backward(max_pool2d_backward(dp, pool), relu)
    _, dw1, db1 = conv2d_backward(da, conv)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    return loss, backward(cross_entropy_backward(1.0, ce), caches)


# %% tiny_convnet | relu is forgotten, both ways
# caught by: random images: loss
def forward(params, x):
    a, conv = conv2d_forward(x, params["w1"], params["b1"], padding=1)
    p, pool = max_pool2d_forward(a, 2)
    logits, affine = affine_forward(p, params["w2"], params["b2"])
    return logits, (conv, None, pool, affine)


def backward(dlogits, caches):
    conv, _, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    _, dw1, db1 = conv2d_backward(max_pool2d_backward(dp, pool), conv)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


# %% tiny_convnet | relu is forgotten on the way back
# caught by: random images: w1 and b1
def backward(dlogits, caches):
    conv, _, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    _, dw1, db1 = conv2d_backward(max_pool2d_backward(dp, pool), conv)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


# %% tiny_convnet | leaky relu in relu's place
# caught by: random images: loss
def forward(params, x):
    a, conv = conv2d_forward(x, params["w1"], params["b1"], padding=1)
    r, relu = leaky_relu_forward(a)
    p, pool = max_pool2d_forward(r, 2)
    logits, affine = affine_forward(p, params["w2"], params["b2"])
    return logits, (conv, relu, pool, affine)


def backward(dlogits, caches):
    conv, relu, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    da = leaky_relu_backward(max_pool2d_backward(dp, pool), relu)
    _, dw1, db1 = conv2d_backward(da, conv)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


# %% tiny_convnet | no padding
# caught by: rung 3: log M at a small start
def forward(params, x):
    a, conv = conv2d_forward(x, params["w1"], params["b1"])
    r, relu = relu_forward(a)
    p, pool = max_pool2d_forward(r, 2)
    logits, affine = affine_forward(p, params["w2"], params["b2"])
    return logits, (conv, relu, pool, affine)


# %% tiny_convnet | the stride of 2 sits in the convolution, not in the pool
# caught by: random images: loss
def forward(params, x):
    a, conv = conv2d_forward(x, params["w1"], params["b1"], stride=2, padding=1)
    r, relu = relu_forward(a)
    logits, affine = affine_forward(r, params["w2"], params["b2"])
    return logits, (conv, relu, None, affine)


def backward(dlogits, caches):
    conv, relu, _, affine = caches
    dr, dw2, db2 = affine_backward(dlogits, affine)
    _, dw1, db1 = conv2d_backward(relu_backward(dr, relu), conv)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


# %% tiny_convnet | average pooling
# caught by: random images: loss
def forward(params, x):
    a, conv = conv2d_forward(x, params["w1"], params["b1"], padding=1)
    r, relu = relu_forward(a)
    p, pool = avg_pool2d_forward(r, 2)
    logits, affine = affine_forward(p, params["w2"], params["b2"])
    return logits, (conv, relu, pool, affine)


def backward(dlogits, caches):
    conv, relu, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    da = relu_backward(avg_pool2d_backward(dp, pool), relu)
    _, dw1, db1 = conv2d_backward(da, conv)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


# %% tiny_convnet | a second relu on the logits
# caught by: random images: loss
def forward(params, x):
    a, conv = conv2d_forward(x, params["w1"], params["b1"], padding=1)
    r, relu = relu_forward(a)
    p, pool = max_pool2d_forward(r, 2)
    logits, affine = affine_forward(p, params["w2"], params["b2"])
    return np.maximum(logits, 0), (conv, relu, pool, affine)


# %% tiny_convnet | dx and dw of the convolution are mixed up
# caught by: rung 2: gradient check; random images: w1 and b1
def backward(dlogits, caches):
    conv, relu, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    da = relu_backward(max_pool2d_backward(dp, pool), relu)
    dw1, _, db1 = conv2d_backward(da, conv)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


# %% tiny_convnet | the two layers' biases are mixed up
# caught by: rung 2: gradient check; random images: w1 and b1
def backward(dlogits, caches):
    conv, relu, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    da = relu_backward(max_pool2d_backward(dp, pool), relu)
    _, dw1, db1 = conv2d_backward(da, conv)
    return {"w1": dw1, "b1": db2, "w2": dw2, "b2": db1}


# %% tiny_convnet | gradients are named dw1, db1, …
# caught by: rung 1: toy values
def backward(dlogits, caches):
    conv, relu, pool, affine = caches
    dp, dw2, db2 = affine_backward(dlogits, affine)
    da = relu_backward(max_pool2d_backward(dp, pool), relu)
    _, dw1, db1 = conv2d_backward(da, conv)
    return {"dw1": dw1, "db1": db1, "dw2": dw2, "db2": db2}


# %% tiny_convnet | biases get no gradient
# caught by: rung 1: toy values
def backward(dlogits, caches):
    conv, relu, pool, affine = caches
    dp, dw2, _ = affine_backward(dlogits, affine)
    da = relu_backward(max_pool2d_backward(dp, pool), relu)
    _, dw1, _ = conv2d_backward(da, conv)
    return {"w1": dw1, "w2": dw2}


# %% tiny_convnet | the convolution's gradients are zero
# caught by: rung 2: gradient check; random images: w1 and b1
def backward(dlogits, caches):
    conv, _, _, affine = caches
    _, dw2, db2 = affine_backward(dlogits, affine)
    w1 = conv[1]
    return {"w1": np.zeros_like(w1), "b1": np.zeros(len(w1), w1.dtype), "w2": dw2, "b2": db2}


# %% tiny_convnet | gradients are divided by N again
# caught by: rung 2: gradient check; random images: w1 and b1
def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    return loss, backward(cross_entropy_backward(1.0, ce) / len(x), caches)


# %% tiny_convnet | gradients are multiplied by the loss
# caught by: rung 2: gradient check; random images: w1 and b1
def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    return loss, backward(cross_entropy_backward(loss, ce), caches)


# %% tiny_convnet | loss and gradients of the whole batch, not their mean
# caught by: rung 3: log M at a small start
def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    return loss * len(x), backward(cross_entropy_backward(float(len(x)), ce), caches)


# %% tiny_convnet | weight decay nobody asked for
# caught by: random images: loss
def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    grads = backward(cross_entropy_backward(1.0, ce), caches)
    for name in ("w1", "w2"):
        loss += 0.5 * 1e-2 * (params[name] ** 2).sum()
        grads[name] = grads[name] + 1e-2 * params[name]
    return loss, grads


# %% tiny_convnet | the logits are normalised before the loss
# caught by: random images: loss
def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    loss, ce = cross_entropy_forward(p / p.sum(axis=1, keepdims=True), target)
    return loss, backward(cross_entropy_backward(1.0, ce), caches)


# %% tiny_convnet | parameters take a step on their own
# caught by: params and x are left alone
def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    grads = backward(cross_entropy_backward(1.0, ce), caches)
    for name in params:
        params[name] -= 0.1 * grads[name]
    return loss, grads


# %% tiny_convnet | gradients pile up from call to call
# caught by: params and x are left alone
def tiny_convnet_loss(params, x, target):
    global piled
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    grads = backward(cross_entropy_backward(1.0, ce), caches)
    old = globals().get("piled", {})
    piled = {name: g + (old[name] if name in old and old[name].shape == g.shape else 0) for name, g in grads.items()}
    return loss, piled


# %% tiny_convnet | the images are centred in place
# caught by: params and x are left alone
def tiny_convnet_loss(params, x, target):
    x -= x.mean()
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    return loss, backward(cross_entropy_backward(1.0, ce), caches)


# %% tiny_convnet | the loss knows ten classes
# caught by: rung 3: log M at a small start
def tiny_convnet_loss(params, x, target):
    logits, caches = forward(params, x)
    loss, ce = cross_entropy_forward(logits, target)
    dlogits = np.zeros((len(x), 10), dtype=logits.dtype)
    dlogits[:, : logits.shape[1]] = cross_entropy_backward(1.0, ce)
    return loss, backward(dlogits, caches)
