"""The four convolutions of convnets.convolution against torch."""

import numpy as np
import pytest
import torch

from convnets.convolution import conv2d_direct, conv2d_fft, conv2d_im2col, conv2d_winograd, im2col, strassen

WAYS = {f.__name__: f for f in (conv2d_direct, conv2d_im2col, conv2d_fft)}


def data(N=2, C=3, H=9, W=7, F=4, KH=3, KW=3, dtype=np.float64):
    rng = np.random.default_rng(0)
    return (rng.normal(size=shape).astype(dtype) for shape in ((N, C, H, W), (F, C, KH, KW), (F,)))


def oracle(x, w, b=None, **options):
    x, w, b = (None if a is None else torch.from_numpy(a) for a in (x, w, b))
    return torch.nn.functional.conv2d(x, w, b, **options).numpy()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 2), (2, 1), (3, 0), (4, 3)])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (5, 2), (1, 7), (9, 7)])
def test_same_as_torch(way, stride, padding, kernel):
    x, w, b = data(KH=kernel[0], KW=kernel[1])
    out = WAYS[way](x, w, b, stride=stride, padding=padding)
    np.testing.assert_allclose(out, oracle(x, w, b, stride=stride, padding=padding), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("shape", [(3, 3), (4, 4), (5, 8), (9, 7), (16, 1)])
@pytest.mark.parametrize("padding", [1, 2])
def test_winograd_same_as_torch(shape, padding):
    x, w, b = data(H=shape[0], W=shape[1])
    out = conv2d_winograd(x, w, b, padding=padding)
    np.testing.assert_allclose(out, oracle(x, w, b, padding=padding), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("way", [*WAYS.values(), conv2d_winograd], ids=lambda f: f.__name__)
def test_dtype_is_kept_the_bias_is_optional_and_the_input_stays(way):
    x, w, _ = data(dtype=np.float32)
    before = x.copy(), w.copy()
    out = way(x, w, padding=1)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, oracle(x, w, padding=1), rtol=1e-4, atol=1e-5)
    assert np.array_equal(x, before[0]) and np.array_equal(w, before[1])


def test_im2col_columns_are_windows():
    x = np.arange(2 * 2 * 4 * 5).reshape(2, 2, 4, 5)
    columns = im2col(x, 3, 2, stride=2)
    assert columns.shape == (2, 2 * 3 * 2, 1 * 2)
    assert np.array_equal(columns[1, :, 1], x[1, :, 0:3, 2:4].ravel())


def test_strassen():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 8)), rng.normal(size=(8, 4))
    np.testing.assert_allclose(strassen(a, b), a @ b, rtol=1e-12, atol=1e-13)
    with pytest.raises(ValueError, match="do not halve"):
        strassen(a[:5], b)


@pytest.mark.parametrize("way", [*WAYS.values(), conv2d_winograd], ids=lambda f: f.__name__)
def test_errors_are_sentences(way):
    x, w, _ = data()
    with pytest.raises(ValueError, match="x has 3 channels and w expects 2"):
        way(x, w[:, :2])
    with pytest.raises(ValueError, match="does not fit"):
        way(x[:, :, :2], w)
    with pytest.raises(ValueError, match="are needed"):
        way(x[0], w)
    with pytest.raises(ValueError, match="made for 3x3"):
        conv2d_winograd(x, w[:, :, :2])


@pytest.mark.parametrize("way", [*WAYS.values(), conv2d_winograd], ids=lambda f: f.__name__)
def test_the_filter_is_not_flipped_and_nothing_wraps_around(way):
    """One bright pixel: the output is the filter turned by 180 degrees, and it is where the pixel is."""
    x, w = np.zeros((1, 1, 8, 8)), np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    x[0, 0, 0, 7] = 1
    expected = np.zeros((8, 8))
    expected[0:2, 6:8] = w[0, 0, ::-1, ::-1][1:3, 0:2]
    np.testing.assert_allclose(way(x, w, padding=1)[0, 0], expected, atol=1e-12)
