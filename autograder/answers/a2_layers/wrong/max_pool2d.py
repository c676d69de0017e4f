"""Wrong answers to max_pool2d. The code up to the first cell is right; each cell redefines what it gets wrong."""

import numpy as np


def sized(n, k, stride):
    return (n - k) // stride + 1


def largest(window):  # (N, C, K, K) -> (N, C)
    return window.max(axis=(2, 3))


def winners(window):  # 1 where the gradient goes
    flat = window.reshape(*window.shape[:2], -1)
    return (np.arange(flat.shape[2]) == flat.argmax(axis=2)[..., None]).reshape(window.shape).astype(window.dtype)


def max_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    height, width = sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)
    out = np.empty((*x.shape[:2], height, width), dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = largest(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x, k, stride)


def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] += winners(x[seen]) * dout[:, :, i, j, None, None]
    return dx


# %% max_pool2d | a tie sends the gradient to every maximum
# caught by: worked example: dx; ties
def winners(window):
    return window == window.max(axis=(2, 3), keepdims=True)


# %% max_pool2d | a tie sends the gradient to the last maximum
# caught by: worked example: dx; ties
def winners(window):
    flat = window.reshape(*window.shape[:2], -1)
    last = flat.shape[2] - 1 - flat[..., ::-1].argmax(axis=2)
    return (np.arange(flat.shape[2]) == last[..., None]).reshape(window.shape)


# %% max_pool2d | a tie shares the gradient
# caught by: worked example: dx; ties
def winners(window):
    ties = window == window.max(axis=(2, 3), keepdims=True)
    return ties / ties.sum(axis=(2, 3), keepdims=True).astype(window.dtype)


# %% max_pool2d | a tie is decided column by column
# caught by: ties
def winners(window):
    turned = window.swapaxes(2, 3).reshape(*window.shape[:2], -1)
    first = np.arange(turned.shape[2]) == turned.argmax(axis=2)[..., None]
    return first.reshape(window.shape).swapaxes(2, 3)


# %% max_pool2d | rows and columns of the maximum are swapped
# caught by: windows that overlap
# also: tiny_convnet
def winners(window):
    flat = window.reshape(*window.shape[:2], -1)
    first = np.arange(flat.shape[2]) == flat.argmax(axis=2)[..., None]
    return first.reshape(window.shape).swapaxes(2, 3)


# %% max_pool2d | the gradient goes to the smallest
# caught by: windows that overlap
# also: tiny_convnet
def winners(window):
    flat = window.reshape(*window.shape[:2], -1)
    return (np.arange(flat.shape[2]) == flat.argmin(axis=2)[..., None]).reshape(window.shape)


# %% max_pool2d | the gradient is shared as in average pooling
# caught by: windows that overlap
# also: tiny_convnet
def winners(window):
    return np.full_like(window, 1 / window[0, 0].size)


# %% max_pool2d | the maximum starts from 0
# caught by: images below zero
def largest(window):
    return np.maximum(window.max(axis=(2, 3)), 0)


# %% max_pool2d | the largest absolute value
# caught by: images below zero
def largest(window):
    return np.abs(window).max(axis=(2, 3))


# %% max_pool2d | the average
# caught by: worked example: out
# also: tiny_convnet
def largest(window):
    return window.mean(axis=(2, 3))


# %% max_pool2d | the maximum runs over channels too
# caught by: random windows: out
# also: tiny_convnet
def largest(window):
    return window.max(axis=(1, 2, 3))[:, None]


# %% max_pool2d | the maximum runs over the batch too
# caught by: random windows: out
# also: tiny_convnet
def largest(window):
    return window.max(axis=(0, 2, 3))


# %% max_pool2d | an incomplete window counts
# caught by: an image that is not square, with leftovers
# also: tiny_convnet
def sized(n, k, stride):
    return -((n - k) // -stride) + 1


# %% max_pool2d | the output size lacks its plus one
# caught by: worked example: out
# also: tiny_convnet
def sized(n, k, stride):
    return (n - k) // stride


# %% max_pool2d | the output size divides by the stride only
# caught by: windows that overlap
def sized(n, k, stride):
    return n // stride


# %% max_pool2d | the output size divides by the kernel only
# caught by: windows that overlap; random windows: dx
def sized(n, k, stride):
    return n // k


# %% max_pool2d | the stride is always the kernel's size
# caught by: windows that overlap; random windows: dx
def max_pool2d_forward(x, kernel_size, stride=None):
    k = stride = kernel_size
    height, width = sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)
    out = np.empty((*x.shape[:2], height, width), dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = largest(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x, k, stride)


# %% max_pool2d | the stride is 1 unless given
# caught by: worked example: out
# also: tiny_convnet
def max_pool2d_forward(x, kernel_size, stride=1):
    k = kernel_size
    height, width = sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)
    out = np.empty((*x.shape[:2], height, width), dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = largest(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x, k, stride)


# %% max_pool2d | the stride is 2 unless given
# caught by: random windows: out
def max_pool2d_forward(x, kernel_size, stride=2):
    k = kernel_size
    height, width = sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)
    out = np.empty((*x.shape[:2], height, width), dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = largest(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x, k, stride)


# %% max_pool2d | images are taken for square
# caught by: an image that is not square, with leftovers
# also: tiny_convnet
def max_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    height = width = sized(x.shape[2], k, stride)
    out = np.empty((*x.shape[:2], height, width), dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = largest(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x, k, stride)


# %% max_pool2d | a reshape that needs the image to divide evenly
# caught by: an image that is not square, with leftovers
# also: tiny_convnet
def max_pool2d_forward(x, kernel_size, stride=None):
    n, c, h, w = x.shape
    k = kernel_size
    out = x.reshape(n, c, h // k, k, w // k, k).max(axis=(3, 5))
    return out, (x, k, k)


# %% max_pool2d | leftover rows are dropped at the top
# caught by: random windows: out
# also: tiny_convnet
def max_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    height, width = sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)
    top = x.shape[2] - ((height - 1) * stride + k)
    out = np.empty((*x.shape[:2], height, width), dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            row = top + i * stride
            out[:, :, i, j] = largest(x[:, :, row : row + k, j * stride : j * stride + k])
    return out, (x, k, stride)


# %% max_pool2d | out is float64 whatever comes in
# caught by: float32 stays float32
# also: tiny_convnet
def max_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    out = np.zeros((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = largest(x[:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    return out, (x, k, stride)


# %% max_pool2d | x is wiped after use
# caught by: x, dout and the cache are left alone
def max_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    cache = x.copy(), k, stride
    out = np.empty((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = largest(cache[0][:, :, i * stride : i * stride + k, j * stride : j * stride + k])
    x[:] = 0
    return out, cache


# %% max_pool2d | overlapping windows overwrite each other
# caught by: windows that overlap; random windows: dx
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] = winners(x[seen]) * dout[:, :, i, j, None, None]
    return dx


# %% max_pool2d | a pixel that wins twice is paid once
# caught by: windows that overlap; random windows: dx
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            won = winners(x[seen]).astype(bool)
            dx[seen][won] = (won * dout[:, :, i, j, None, None])[won]
    return dx


# %% max_pool2d | the gradient ignores dout
# caught by: random windows: dx
# also: tiny_convnet
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] += winners(x[seen])
    return dx


# %% max_pool2d | the stride is forgotten on the way back
# caught by: windows that overlap; random windows: dx
def max_pool2d_backward(dout, cache):
    x, k, _ = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * k : i * k + k, j * k : j * k + k]
            if x[seen].shape[2:] == (k, k):
                dx[seen] += winners(x[seen]) * dout[:, :, i, j, None, None]
    return dx


# %% max_pool2d | dx lacks the leftover rows and columns
# caught by: an image that is not square, with leftovers
# also: tiny_convnet
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    height, width = dout.shape[2:]
    dx = np.zeros_like(x[:, :, : (height - 1) * stride + k, : (width - 1) * stride + k])
    for i in range(height):
        for j in range(width):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] += winners(x[seen]) * dout[:, :, i, j, None, None]
    return dx


# %% max_pool2d | dx is float64 whatever comes in
# caught by: float32 stays float32
# also: tiny_convnet
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros(x.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] += winners(x[seen]) * dout[:, :, i, j, None, None]
    return dx


# %% max_pool2d | dout is used up
# caught by: x, dout and the cache are left alone
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] += winners(x[seen]) * dout[:, :, i, j, None, None]
            dout[:, :, i, j] = 0
    return dx


# %% max_pool2d | the output's values are looked up in the whole picture
# caught by: worked example: dx; ties
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    out, _ = max_pool2d_forward(x, k, stride)
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx += (x == out[:, :, i, j, None, None]) * dout[:, :, i, j, None, None]
    return dx


# %% max_pool2d | a tie ends in an error
# caught by: ties
# also: tiny_convnet
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * stride : i * stride + k, j * stride : j * stride + k]
        place = int(np.argwhere(window.ravel() == window.max()).squeeze())
        dx[n, c, i * stride + place // k, j * stride + place % k] += dout[n, c, i, j]
    return dx


# %% max_pool2d | images and channels change places in the winners
# caught by: random windows: dx
# also: tiny_convnet
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    place = np.empty(dout.shape, dtype=int)
    for n, c, i, j in np.ndindex(dout.shape):
        place[n, c, i, j] = x[n, c, i * stride : i * stride + k, j * stride : j * stride + k].argmax()
    place = place.transpose(1, 0, 2, 3).reshape(place.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        row, column = divmod(place[n, c, i, j], k)
        dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]
    return dx


# %% max_pool2d | loops over images run to the number of channels
# caught by: random windows: dx
# also: tiny_convnet
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    channels, images, height, width = dout.shape
    for n, c, i, j in np.ndindex(images, channels, height, width):
        window = x[n, c, i * stride : i * stride + k, j * stride : j * stride + k]
        row, column = divmod(window.argmax(), k)
        dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]
    return dx


# %% max_pool2d | axes of length 1 are lost
# caught by: worked example: out
# also: tiny_convnet
def largest(window):
    return np.squeeze(window.max(axis=(2, 3)))


def max_pool2d_forward(x, kernel_size, stride=None):
    k = kernel_size
    stride = k if stride is None else stride
    out = np.empty((*x.shape[:2], sized(x.shape[2], k, stride), sized(x.shape[3], k, stride)), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = x[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, :, i, j] = window.max(axis=(2, 3))
    return out.squeeze(), (x, k, stride)


# %% max_pool2d | the output's size is a float
# caught by: worked example: out
# also: tiny_convnet
def sized(n, k, stride):
    return (n - k) / stride + 1


# %% max_pool2d | return stands inside the loop over windows
# caught by: worked example: dx
# also: tiny_convnet
def max_pool2d_backward(dout, cache):
    x, k, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            dx[seen] += winners(x[seen]) * dout[:, :, i, j, None, None]
        return dx
