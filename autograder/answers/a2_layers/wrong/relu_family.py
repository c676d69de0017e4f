"""Wrong answers to relu_family. The code up to the first cell is right; each cell redefines what it gets wrong."""

import numpy as np


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def leaky_relu_forward(x, negative_slope=0.01):
    return np.where(x > 0, x, negative_slope * x), (x, negative_slope)


def leaky_relu_backward(dout, cache):
    x, negative_slope = cache
    return np.where(x > 0, dout, negative_slope * dout)


def elu_forward(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), (x, alpha)


def elu_backward(dout, cache):
    x, alpha = cache
    return np.where(x > 0, dout, dout * alpha * np.exp(np.minimum(x, 0)))


# %% relu_family | relu cuts x in place
# caught by: x, dout and the cache are left alone
def relu_forward(x):
    x[x < 0] = 0
    return x, x


# %% relu_family | relu is the absolute value
# caught by: random values and gradients
# also: tiny_convnet
def relu_forward(x):
    return np.abs(x), x


# %% relu_family | relu is the step function
# caught by: random values and gradients
# also: tiny_convnet
def relu_forward(x):
    return (x > 0).astype(x.dtype), x


# %% relu_family | relu's output is float64 whatever comes in
# caught by: float32 stays float32
# also: tiny_convnet
def relu_forward(x):
    out = np.zeros(x.shape)
    out[x > 0] = x[x > 0]
    return out, x


# %% relu_family | relu works on matrices only
# caught by: random values and gradients
# also: tiny_convnet
def relu_forward(x):
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = max(x[i, j], 0)
    return out, x


# %% relu_family | relu's gradient ignores dout
# caught by: random values and gradients
# also: tiny_convnet
def relu_backward(dout, cache):
    return (cache > 0).astype(dout.dtype)


# %% relu_family | relu's gradient looks at the sign of dout
# caught by: random values and gradients
# also: tiny_convnet
def relu_backward(dout, cache):
    return np.where(dout > 0, dout, 0)


# %% relu_family | relu lets only positive gradients through
# caught by: random values and gradients
# also: tiny_convnet
def relu_backward(dout, cache):
    return np.where((cache > 0) & (dout > 0), dout, 0)


# %% relu_family | relu's gradient is 1 at 0
# caught by: random values and gradients
def relu_backward(dout, cache):
    return np.where(cache >= 0, dout, 0)


# %% relu_family | relu's gradient is a half at 0
# caught by: random values and gradients
def relu_backward(dout, cache):
    return dout * ((1 + np.sign(cache)) / 2)


# %% relu_family | relu_backward is relu of the input
# caught by: random values and gradients
# also: tiny_convnet
def relu_backward(dout, cache):
    return dout * np.maximum(cache, 0)


# %% relu_family | relu_backward cuts dout in place
# caught by: x, dout and the cache are left alone
def relu_backward(dout, cache):
    dout[cache <= 0] = 0
    return dout


# %% relu_family | relu keeps the last x in a global variable
# caught by: two calls do not mix
def relu_forward(x):
    global last
    last = x
    return np.maximum(x, 0), None


def relu_backward(dout, cache):
    return np.where(last > 0, dout, 0)


# %% relu_family | the slope is always 0.01
# caught by: random values and gradients
def leaky_relu_forward(x, negative_slope=0.01):
    return np.where(x > 0, x, 0.01 * x), (x, 0.01)


# %% relu_family | the slope's sign is turned
# caught by: random values and gradients
def leaky_relu_forward(x, negative_slope=0.01):
    return np.where(x > 0, x, -negative_slope * x), (x, negative_slope)


# %% relu_family | the slope also scales the positive side
# caught by: random values and gradients
def leaky_relu_forward(x, negative_slope=0.01):
    return np.maximum(x, 0) * negative_slope + np.minimum(x, 0), (x, negative_slope)


# %% relu_family | the default slope is 0.1
# caught by: random values and gradients
def leaky_relu_forward(x, negative_slope=0.1):
    return np.where(x > 0, x, negative_slope * x), (x, negative_slope)


# %% relu_family | leaky relu scales x in place
# caught by: x, dout and the cache are left alone
def leaky_relu_forward(x, negative_slope=0.01):
    cache = x.copy(), negative_slope
    x[x < 0] *= negative_slope
    return x, cache


# %% relu_family | leaky relu's gradient is relu's
# caught by: random values and gradients
def leaky_relu_backward(dout, cache):
    x, _ = cache
    return np.where(x > 0, dout, 0)


# %% relu_family | leaky relu's gradient is 1 at 0
# caught by: random values and gradients
def leaky_relu_backward(dout, cache):
    x, negative_slope = cache
    return np.where(x >= 0, dout, negative_slope * dout)


# %% relu_family | leaky relu's gradient is 0 at 0
# caught by: random values and gradients
def leaky_relu_backward(dout, cache):
    x, negative_slope = cache
    return dout * ((x > 0) + negative_slope * (x < 0)).astype(dout.dtype)


# %% relu_family | leaky relu's gradient forgets dout on the negative side
# caught by: random values and gradients
def leaky_relu_backward(dout, cache):
    x, negative_slope = cache
    return np.where(x > 0, dout, negative_slope).astype(dout.dtype)


# %% relu_family | leaky relu's gradient is float64 whatever comes in
# caught by: float32 stays float32
def leaky_relu_backward(dout, cache):
    x, negative_slope = cache
    slopes = np.ones(x.shape)
    slopes[x <= 0] = negative_slope
    return dout * slopes


# %% relu_family | elu adds masked parts, and 0 times inf is nan
# caught by: elu of large numbers
def elu_forward(x, alpha=1.0):
    return x * (x > 0) + alpha * (np.exp(x) - 1) * (x <= 0), (x, alpha)


# %% relu_family | elu forgets the minus one
# caught by: random values and gradients
def elu_forward(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.exp(np.minimum(x, 0))), (x, alpha)


# %% relu_family | elu takes the one away after alpha
# caught by: random values and gradients
def elu_forward(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.exp(np.minimum(x, 0)) - 1), (x, alpha)


# %% relu_family | alpha goes into the exponent
# caught by: random values and gradients
def elu_forward(x, alpha=1.0):
    return np.where(x > 0, x, np.expm1(alpha * np.minimum(x, 0))), (x, alpha)


# %% relu_family | elu ignores alpha
# caught by: random values and gradients
def elu_forward(x, alpha=1.0):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0))), (x, 1.0)


# %% relu_family | elu's default alpha is that of leaky relu
# caught by: random values and gradients
def elu_forward(x, alpha=0.01):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), (x, alpha)


# %% relu_family | elu's gradient takes alpha as 1
# caught by: random values and gradients
def elu_backward(dout, cache):
    x, _ = cache
    return np.where(x > 0, dout, dout * np.exp(np.minimum(x, 0)))


# %% relu_family | elu's gradient is 1 at 0
# caught by: random values and gradients
def elu_backward(dout, cache):
    x, alpha = cache
    return np.where(x >= 0, dout, dout * alpha * np.exp(np.minimum(x, 0)))


# %% relu_family | elu's gradient is the output plus one
# caught by: random values and gradients
def elu_backward(dout, cache):
    x, alpha = cache
    out = alpha * np.expm1(np.minimum(x, 0))
    return np.where(x > 0, dout, dout * (out + 1))


# %% relu_family | elu's gradient ignores dout below 0
# caught by: random values and gradients
def elu_backward(dout, cache):
    x, alpha = cache
    return np.where(x > 0, dout, alpha * np.exp(np.minimum(x, 0)))


# %% relu_family | elu's gradient overflows where x is large
# caught by: elu of large numbers
def elu_backward(dout, cache):
    x, alpha = cache
    slope = (x > 0) + (x <= 0) * alpha * np.exp(x)
    return dout * slope.astype(dout.dtype)


# %% relu_family | relu gives a masked array
# caught by: worked example: relu
def relu_forward(x):
    out = np.ma.masked_less(x, 0)
    out[x < 0] = 0
    return out, x


# %% relu_family | leaky relu is the larger of x and slope * x
# caught by: leaky relu with slopes above 1 and below 0
def leaky_relu_forward(x, negative_slope=0.01):
    return np.maximum(negative_slope * x, x), (x, negative_slope)


# %% relu_family | leaky relu's gradient takes the side from out
# caught by: leaky relu with slopes above 1 and below 0
def leaky_relu_forward(x, negative_slope=0.01):
    out = np.where(x > 0, x, negative_slope * x)
    return out, (out, negative_slope)


# %% relu_family | leaky relu's gradient overwrites its own cache
# caught by: x, dout and the cache are left alone
def leaky_relu_forward(x, negative_slope=0.01):
    return np.where(x > 0, x, negative_slope * x), (x.copy(), negative_slope)


def leaky_relu_backward(dout, cache):
    slopes, negative_slope = cache
    left = slopes <= 0
    slopes[...] = 1
    slopes[left] = negative_slope
    return dout * slopes
