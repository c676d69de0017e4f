"""Wrong answers to conv2d_forward. The code up to the first cell is right; each cell redefines what it gets wrong.

The cache is laid out as the reference's, whose backward is called after these.
"""

import numpy as np


def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def sized(n, k, stride, padding):
    return (n + 2 * padding - k) // stride + 1


def check(x, w, padding):
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, w {w.shape[1]}")
    if w.shape[2] > x.shape[2] + 2 * padding or w.shape[3] > x.shape[3] + 2 * padding:
        raise ValueError("the filter is larger than the padded image")


def slide(xp, w, b, height, width, stride):
    out = np.empty((len(xp), len(w), height, width), dtype=xp.dtype)
    kh, kw = w.shape[2:]
    for i in range(height):
        for j in range(width):
            window = xp[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out


def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height = sized(x.shape[2], w.shape[2], stride, padding)
    width = sized(x.shape[3], w.shape[3], stride, padding)
    return slide(pad(x, padding), w, b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | the stride is ignored
# caught by: stride and padding
# also: conv2d_backward
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, 1, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    return slide(pad(x, padding), w, b, height, width, 1), (x, w, stride, padding)


# %% conv2d_forward | the stride counts outputs but not pixels
# caught by: stride and padding
# also: conv2d_backward
def slide(xp, w, b, height, width, stride):
    out = np.empty((len(xp), len(w), height, width), dtype=xp.dtype)
    kh, kw = w.shape[2:]
    for i in range(height):
        for j in range(width):
            out[:, :, i, j] = np.tensordot(xp[:, :, i : i + kh, j : j + kw], w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out


# %% conv2d_forward | the stride moves down only
# caught by: stride and padding
# also: conv2d_backward
def slide(xp, w, b, height, width, stride):
    out = np.empty((len(xp), len(w), height, width), dtype=xp.dtype)
    kh, kw = w.shape[2:]
    for i in range(height):
        for j in range(width):
            window = xp[:, :, i * stride : i * stride + kh, j : j + kw]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out


# %% conv2d_forward | windows start at the end of the first step
# caught by: stride and padding
# also: conv2d_backward
def slide(xp, w, b, height, width, stride):
    out = np.zeros((len(xp), len(w), height, width), dtype=xp.dtype)
    xp = np.pad(xp, ((0, 0), (0, 0), (0, stride), (0, stride)))
    kh, kw = w.shape[2:]
    for i in range(height):
        for j in range(width):
            top, left = i * stride + stride - 1, j * stride + stride - 1
            window = xp[:, :, top : top + kh, left : left + kw]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out


# %% conv2d_forward | the padding is ignored
# caught by: an image that is not square, a stride that does not fit
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, 0)
    height, width = (sized(n, k, stride, 0) for n, k in zip(x.shape[2:], w.shape[2:]))
    return slide(x, w, b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | padding at the top left only
# caught by: stride and padding
# also: conv2d_backward, tiny_convnet
def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (2 * padding, 0), (2 * padding, 0)))


# %% conv2d_forward | padding on one side of each axis
# caught by: random stride and padding
# also: conv2d_backward, tiny_convnet
def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, 0), (padding, 0)))


def sized(n, k, stride, padding):
    return (n + padding - k) // stride + 1


# %% conv2d_forward | rows are padded, columns are not
# caught by: stride and padding
# also: conv2d_backward, tiny_convnet
def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (0, 2 * padding)))


# %% conv2d_forward | batch and channels are padded too
# caught by: stride and padding
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    xp = np.pad(x, padding)[: len(x), : x.shape[1]]
    return slide(xp, w, b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | the border is repeated where zeros should be
# caught by: stride and padding
# also: conv2d_backward, tiny_convnet
def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")


# %% conv2d_forward | padding counts once in the output size
# caught by: random stride and padding
# also: conv2d_backward, tiny_convnet
def sized(n, k, stride, padding):
    return (n + padding - k) // stride + 1


# %% conv2d_forward | the output size rounds up
# caught by: an image that is not square, a stride that does not fit
# also: conv2d_backward
def sized(n, k, stride, padding):
    return -((n + 2 * padding - k) // -stride) + 1


def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding + 9), (padding, padding + 9)))


# %% conv2d_forward | the output size lacks its plus one
# caught by: an image that is not square, a stride that does not fit
# also: conv2d_backward, tiny_convnet
def sized(n, k, stride, padding):
    return (n + 2 * padding - k) // stride


# %% conv2d_forward | the output size rounds where it should floor
# caught by: stride and padding; random stride and padding
# also: conv2d_backward
def sized(n, k, stride, padding):
    return int(np.floor((n + 2 * padding - k) / stride + 0.5)) + 1


def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding + 9), (padding, padding + 9)))


# %% conv2d_forward | images are taken for square
# caught by: an image that is not square, a stride that does not fit
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height = width = sized(x.shape[2], w.shape[2], stride, padding)
    return slide(pad(x, padding), w, b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | filters are taken for square
# caught by: filters that are not square
# also: conv2d_backward
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    k = w.shape[2]
    height, width = sized(x.shape[2], k, stride, padding), sized(x.shape[3], k, stride, padding)
    return slide(pad(x, padding), w, b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | height and width of the filter are swapped
# caught by: filters that are not square
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    turned = w.transpose(0, 1, 3, 2)
    check(x, turned, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], turned.shape[2:]))
    return slide(pad(x, padding), turned, b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | the filter is flipped, as mathematicians do
# caught by: random images
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    return slide(pad(x, padding), w[:, :, ::-1, ::-1], b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | the bias is forgotten
# caught by: channels and filters
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    return slide(pad(x, padding), w, 0 * b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | every filter gets the first bias
# caught by: channels and filters
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    return slide(pad(x, padding), w, b[0], height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | the bias is added once for every channel
# caught by: channels and filters
# also: conv2d_backward, tiny_convnet
def slide(xp, w, b, height, width, stride):
    out = np.zeros((len(xp), len(w), height, width), dtype=xp.dtype)
    kh, kw = w.shape[2:]
    for c in range(w.shape[1]):
        for i in range(height):
            for j in range(width):
                window = xp[:, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
                out[:, :, i, j] += np.tensordot(window, w[:, c], axes=([1, 2], [1, 2])) + b
    return out


# %% conv2d_forward | only the last channel counts
# caught by: channels and filters
# also: conv2d_backward, tiny_convnet
def slide(xp, w, b, height, width, stride):
    out = np.zeros((len(xp), len(w), height, width), dtype=xp.dtype)
    kh, kw = w.shape[2:]
    for c in range(w.shape[1]):
        for i in range(height):
            for j in range(width):
                window = xp[:, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
                out[:, :, i, j] = np.tensordot(window, w[:, c], axes=([1, 2], [1, 2])) + b
    return out


# %% conv2d_forward | channels are averaged
# caught by: channels and filters
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    return slide(pad(x, padding), w / w.shape[1], b, height, width, stride), (x, w, stride, padding)


# %% conv2d_forward | the output's rows and columns are swapped
# caught by: an image that is not square, a stride that does not fit
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    out = slide(pad(x, padding), w, b, height, width, stride)
    return out.transpose(0, 1, 3, 2), (x, w, stride, padding)


# %% conv2d_forward | out is float64 whatever comes in
# caught by: float32 stays float32
# also: tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    out = slide(pad(x, padding), w, b, height, width, stride)
    return out.astype(np.float64), (x, w, stride, padding)


# %% conv2d_forward | a filter larger than the image gives an empty picture
# caught by: a filter that does not fit
def check(x, w, padding):
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, w {w.shape[1]}")


def sized(n, k, stride, padding):
    return max((n + 2 * padding - k) // stride + 1, 0)


# %% conv2d_forward | only the filter's height is compared with the image
# caught by: a filter that does not fit
def check(x, w, padding):
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, w {w.shape[1]}")
    if w.shape[2] > x.shape[2] + 2 * padding:
        raise ValueError("the filter is larger than the padded image")


def sized(n, k, stride, padding):
    return max((n + 2 * padding - k) // stride + 1, 0)


# %% conv2d_forward | with padding every filter is taken to fit
# caught by: a filter that does not fit
def check(x, w, padding):
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, w {w.shape[1]}")
    if padding == 0 and (w.shape[2] > x.shape[2] or w.shape[3] > x.shape[3]):
        raise ValueError("the filter is larger than the image")


def sized(n, k, stride, padding):
    return max((n + 2 * padding - k) // stride + 1, 0)


# %% conv2d_forward | a filter that fits only with padding is refused
# caught by: a filter that does not fit
# also: tiny_convnet
def check(x, w, padding):
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, w {w.shape[1]}")
    if w.shape[2] > x.shape[2] or w.shape[3] > x.shape[3]:
        raise ValueError("the filter is larger than the image")


# %% conv2d_forward | a filter as large as the image is refused
# caught by: a filter that does not fit
def check(x, w, padding):
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels, w {w.shape[1]}")
    if w.shape[2] >= x.shape[2] + 2 * padding or w.shape[3] >= x.shape[3] + 2 * padding:
        raise ValueError("the filter is larger than the padded image")


# %% conv2d_forward | channels that w lacks are dropped in silence
# caught by: channels that disagree
def conv2d_forward(x, w, b, stride=1, padding=0):
    channels = min(x.shape[1], w.shape[1])
    check(x[:, :channels], w[:, :channels], padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    out = slide(pad(x, padding)[:, :channels], w[:, :channels], b, height, width, stride)
    return out, (x, w, stride, padding)


# %% conv2d_forward | refusals are assertions
# caught by: a filter that does not fit
def check(x, w, padding):
    assert x.shape[1] == w.shape[1]
    assert w.shape[2] <= x.shape[2] + 2 * padding and w.shape[3] <= x.shape[3] + 2 * padding


# %% conv2d_forward | the image is changed in place
# caught by: inputs are left alone
# also: conv2d_backward, tiny_convnet
def pad(x, padding):
    x -= x.mean()
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


# %% conv2d_forward | the bias is reshaped in place
# caught by: inputs are left alone
# also: tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    out = slide(pad(x, padding), w, b, height, width, stride)
    b.shape = (1, len(b), 1, 1)
    return out, (x, w, stride, padding)


# %% conv2d_forward | only the first image is convolved
# caught by: random images
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    out = np.zeros((len(x), len(w), height, width), dtype=x.dtype)
    out[:1] = slide(pad(x, padding)[:1], w, b, height, width, stride)
    return out, (x, w, stride, padding)


# %% conv2d_forward | x is laid into zeros with [p:-p], which is empty without padding
# caught by: the worked example
# also: conv2d_backward
def pad(x, padding):
    n, c, h, w = x.shape
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding), dtype=x.dtype)
    padded[:, :, padding:-padding, padding:-padding] = x
    return padded


# %% conv2d_forward | all four axes are padded
# caught by: stride and padding
# also: conv2d_backward, tiny_convnet
def pad(x, padding):
    return np.pad(x, padding)


# %% conv2d_forward | the pad width is (1, padding)
# caught by: stride and padding; random images
# also: conv2d_backward
def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (1, padding), (1, padding)))


# %% conv2d_forward | the output's size is a float
# caught by: the worked example
# also: conv2d_backward, tiny_convnet
def sized(n, k, stride, padding):
    return (n + 2 * padding - k) / stride + 1


# %% conv2d_forward | return stands inside the loop over windows
# caught by: the worked example
# also: conv2d_backward, tiny_convnet
def slide(xp, w, b, height, width, stride):
    out = np.zeros((len(xp), len(w), height, width), dtype=xp.dtype)
    kh, kw = w.shape[2:]
    for i in range(height):
        for j in range(width):
            window = xp[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
        return out


# %% conv2d_forward | only the first window is filled
# caught by: the worked example
# also: conv2d_backward, tiny_convnet
def slide(xp, w, b, height, width, stride):
    out = np.zeros((len(xp), len(w), height, width), dtype=xp.dtype)
    kh, kw = w.shape[2:]
    for i in range(height):
        for j in range(width):
            window = xp[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, 0, 0] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out


# %% conv2d_forward | axes of length 1 are lost
# caught by: the worked example; views and a batch of one
# also: tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    return np.squeeze(slide(pad(x, padding), w, b, height, width, stride)), (x, w, stride, padding)


# %% conv2d_forward | the right shape through a reshape of the wrong axes
# caught by: random images
# also: conv2d_backward, tiny_convnet
def conv2d_forward(x, w, b, stride=1, padding=0):
    check(x, w, padding)
    height, width = (sized(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:]))
    out = slide(pad(x, padding), w, b, height, width, stride)
    return out.transpose(1, 0, 2, 3).reshape(out.shape), (x, w, stride, padding)
