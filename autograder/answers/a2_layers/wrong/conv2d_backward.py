"""Wrong answers to conv2d_backward. The code up to the first cell is right; each cell redefines what it gets wrong.

The cache is laid out as the reference's, whose forward is called before these.
"""

import numpy as np


def unpack(cache):
    x, w, stride, padding = cache
    return x, w, stride, padding


def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def cut(dxp, padding):
    return dxp[:, :, padding : dxp.shape[2] - padding, padding : dxp.shape[3] - padding]


def bias(dout):
    return dout.sum(axis=(0, 2, 3))


def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | the padding is not cut off
# caught by: the worked example
def cut(dxp, padding):
    return dxp


# %% conv2d_backward | cutting with [p:-p] leaves nothing when there is no padding
# caught by: the same without padding
def cut(dxp, padding):
    return dxp[:, :, padding:-padding, padding:-padding]


# %% conv2d_backward | the padding is cut off twice at the top left
# caught by: random images: dx
def cut(dxp, padding):
    return dxp[:, :, 2 * padding :, 2 * padding :]


# %% conv2d_backward | the padding is cut off at the bottom right
# caught by: random images: dx
def cut(dxp, padding):
    return dxp[:, :, : dxp.shape[2] - 2 * padding, : dxp.shape[3] - 2 * padding]


# %% conv2d_backward | rows are cut, columns are not
# caught by: the worked example
def cut(dxp, padding):
    return dxp[:, :, padding : dxp.shape[2] - padding]


# %% conv2d_backward | db is summed over the batch only
# caught by: the worked example
# also: tiny_convnet
def bias(dout):
    return dout.sum(axis=0)


# %% conv2d_backward | db is summed over filters, not over the batch
# caught by: random images: dw and db
# also: tiny_convnet
def bias(dout):
    return dout.sum(axis=(1, 2, 3))


# %% conv2d_backward | db is a single number
# caught by: the worked example
# also: tiny_convnet
def bias(dout):
    return dout.sum()


# %% conv2d_backward | db is a mean
# caught by: random images: dw and db
# also: tiny_convnet
def bias(dout):
    return dout.mean(axis=(0, 2, 3))


# %% conv2d_backward | db is a mean over the picture
# caught by: random images: dw and db
# also: tiny_convnet
def bias(dout):
    return dout.mean(axis=(2, 3)).sum(axis=0)


# %% conv2d_backward | db ignores dout
# caught by: random images: dw and db
# also: tiny_convnet
def bias(dout):
    return np.full(dout.shape[1], dout[:, 0].size, dtype=dout.dtype)


# %% conv2d_backward | db keeps its axes
# caught by: the worked example
# also: tiny_convnet
def bias(dout):
    return dout.sum(axis=(0, 2, 3), keepdims=True)


# %% conv2d_backward | dout is divided by N in place
# caught by: inputs, dout and the cache are left alone
def bias(dout):
    db = dout.sum(axis=(0, 2, 3))
    dout /= len(dout)
    return db


# %% conv2d_backward | overlapping windows overwrite each other
# caught by: random images: dx
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    _, kh, kw = w.shape[1:]
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            dw += np.einsum("nf,nchw->fchw", dout[:, :, i, j], xp[seen])
            dxp[seen] = np.einsum("nf,fchw->nchw", dout[:, :, i, j], w)
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dw keeps the last window only
# caught by: random images: dw and db
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    _, kh, kw = w.shape[1:]
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            seen = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            dw[:] = np.einsum("nf,nchw->fchw", dout[:, :, i, j], xp[seen])
            dxp[seen] += np.einsum("nf,fchw->nchw", dout[:, :, i, j], w)
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dw keeps the last image only
# caught by: random images: dw and db
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("fhw,chw->fc", dout[-1], xp[seen][-1])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dw is the batch's mean
# caught by: random images: dw and db
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen]) / len(x)
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | the stride is ignored
# caught by: a stride that does not fit: dx
def conv2d_backward(dout, cache):
    x, w, _, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + height, j : j + width]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dw ignores the padding
# caught by: random images: dw and db
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding))), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | the filter is flipped for dx
# caught by: random images: dx
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, -1 - i, -1 - j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dw comes out flipped
# caught by: random images: dw and db
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, -1 - i, -1 - j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | filters are taken for square
# caught by: filters that are not square
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    k = w.shape[2]
    for i in range(k):
        for j in range(k):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | outputs are taken for square
# caught by: images that are not square
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    _, kh, kw = w.shape[1:]
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    size = min(dout.shape[2:])
    for i in range(size):
        for j in range(size):
            seen = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            dw += np.einsum("nf,nchw->fchw", dout[:, :, i, j], xp[seen])
            dxp[seen] += np.einsum("nf,fchw->nchw", dout[:, :, i, j], w)
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | rows and columns of the output are swapped
# caught by: random images: dx
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    _, kh, kw = w.shape[1:]
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    for i in range(min(dout.shape[2:])):
        for j in range(min(dout.shape[2:])):
            seen = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            dw += np.einsum("nf,nchw->fchw", dout[:, :, j, i], xp[seen])
            dxp[seen] += np.einsum("nf,fchw->nchw", dout[:, :, j, i], w)
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | pixels that no window reached are missing from dx
# caught by: a stride that does not fit: dx
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    height, width = dout.shape[2:]
    xp, dw = pad(x, padding), np.zeros_like(w)
    reached = np.s_[:, :, : (height - 1) * stride + w.shape[2], : (width - 1) * stride + w.shape[3]]
    dxp = np.zeros_like(xp[reached])
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dx knows the first filter only
# caught by: random images: dx
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nhw,c->nchw", dout[:, 0], w[0, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | gradients are float64 whatever comes in
# caught by: float32 stays float32
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros(w.shape)
    dxp = np.zeros(xp.shape)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dw ignores dout
# caught by: random images: dw and db
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = xp[seen].sum(axis=(0, 2, 3))
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dx is a full correlation, right for a stride of 1 only
# caught by: a stride that does not fit: dx
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    kh, kw = w.shape[2:]
    xp, dw = pad(x, padding), np.zeros_like(w)
    height, width = dout.shape[2:]
    wide = np.pad(dout, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (kh, kw), axis=(2, 3))
    dxp = np.einsum("nfhwij,fcij->nchw", windows, w[:, :, ::-1, ::-1])
    for i in range(kh):
        for j in range(kw):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | cutting with [p:-p] raises when there is no padding
# caught by: the same without padding
def cut(dxp, padding):
    n, c, height, width = dxp.shape
    dx = np.zeros((n, c, height - 2 * padding, width - 2 * padding), dtype=dxp.dtype)
    dx[:] = dxp[:, :, padding:-padding, padding:-padding]
    return dx


# %% conv2d_backward | the padded image is filled with [p:-p]
# caught by: the same without padding
def pad(x, padding):
    n, c, h, w = x.shape
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding), dtype=x.dtype)
    padded[:, :, padding:-padding, padding:-padding] = x
    return padded


# %% conv2d_backward | batch and channels are cut, too
# caught by: the worked example
def cut(dxp, padding):
    return dxp[padding:-padding, padding:-padding, padding:-padding, padding:-padding]


# %% conv2d_backward | dw piles up from call to call
# caught by: two calls do not mix
# also: tiny_convnet
dw = np.zeros(0)


def conv2d_backward(dout, cache):
    global dw
    x, w, stride, padding = unpack(cache)
    if dw.shape != w.shape:
        dw = np.zeros_like(w)
    xp = pad(x, padding)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] += np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | return stands inside the loop over windows
# caught by: random images: dx
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    xp, dw = pad(x, padding), np.zeros_like(w)
    dxp = np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
        return cut(dxp, padding), dw, bias(dout)


# %% conv2d_backward | dw has the right shape through a reshape of the wrong axes
# caught by: random images: dw and db
# also: tiny_convnet
def conv2d_backward(dout, cache):
    x, w, stride, padding = unpack(cache)
    kh, kw = w.shape[2:]
    xp = pad(x, padding)
    dw, dxp = np.zeros((w.shape[1], w.shape[0], kh, kw), dtype=w.dtype), np.zeros_like(xp)
    height, width = dout.shape[2:]
    for i in range(kh):
        for j in range(kw):
            seen = np.s_[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->cf", dout, xp[seen])
            dxp[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return cut(dxp, padding), dw.reshape(w.shape), bias(dout)
