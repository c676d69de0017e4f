"""convnets.arithmetic against real torch layers; the receptive field against gradients."""

import itertools

import pytest
import torch
from torch import nn

from convnets.arithmetic import (
    Conv,
    Linear,
    Pool,
    conv2d_macs,
    conv2d_parameters,
    layer_costs,
    output_size,
    receptive_field,
    same_padding,
    transposed_output_size,
)

VGG16 = [
    layer
    for channels, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    for layer in [Conv(channels, 3, padding=1)] * repeats + [Pool(2, 2)]
] + [Linear(4096), Linear(4096), Linear(1000)]


@pytest.mark.parametrize("kernel_size, dilation", list(itertools.product(range(1, 8), (1, 2, 3))))
def test_output_size_is_torch_s(kernel_size, dilation):
    for n, stride, padding in itertools.product(range(1, 13), range(1, 5), range(3)):
        layer = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation)
        if dilation * (kernel_size - 1) + 1 > n + 2 * padding:
            with pytest.raises(ValueError, match="does not fit"):
                output_size(n, kernel_size, stride, padding, dilation)
        else:
            assert output_size(n, kernel_size, stride, padding, dilation) == layer(torch.zeros(1, 1, n)).shape[-1]


@pytest.mark.parametrize("kernel_size, stride", list(itertools.product(range(1, 6), range(1, 5))))
def test_transposed_output_size_is_torch_s(kernel_size, stride):
    for n, padding, dilation, extra in itertools.product(range(1, 7), range(3), (1, 2), range(4)):
        layer = dict(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation, output_padding=extra)
        try:
            expected = nn.ConvTranspose1d(1, 1, **layer)(torch.zeros(1, 1, n)).shape[-1]
        except RuntimeError:
            with pytest.raises(ValueError, match=r"output_padding is|cuts away"):
                transposed_output_size(n, **layer)
        else:
            if expected:
                assert transposed_output_size(n, **layer) == expected


def test_transposed_size_undoes_output_size():
    for n, kernel_size, stride, padding in itertools.product(range(6, 12), (2, 3, 5), (1, 2, 3), (0, 1)):
        small = output_size(n, kernel_size, stride, padding)
        lost = (n + 2 * padding - kernel_size) % stride
        assert transposed_output_size(small, kernel_size, stride, padding, output_padding=lost) == n


def test_transposed_size_names_a_padding_that_works():
    with pytest.raises(ValueError, match="at most 2"):
        transposed_output_size(3, 3, padding=3)
    assert transposed_output_size(3, 3, padding=2) == 1


@pytest.mark.parametrize("kernel_size", range(1, 7))
@pytest.mark.filterwarnings("ignore:Using padding")
def test_same_padding(kernel_size):
    for n, stride, dilation in itertools.product(range(1, 15), (1, 2, 3), (1, 2)):
        before, after = same_padding(n, kernel_size, stride, dilation)
        assert after - before in (0, 1)
        padded = nn.functional.pad(torch.zeros(1, 1, n), (before, after))
        out = nn.Conv1d(1, 1, kernel_size, stride, dilation=dilation)(padded)
        assert out.shape[-1] == -(-n // stride)
    x, w = torch.randn(1, 1, 14), torch.randn(1, 1, kernel_size)
    ours = nn.functional.conv1d(nn.functional.pad(x, same_padding(14, kernel_size)), w)
    torch.testing.assert_close(ours, nn.functional.conv1d(x, w, padding="same"))


def test_parameters_are_torch_s():
    for groups, bias, kernel_size in itertools.product((1, 2, 4), (True, False), (1, 3, (7, 1))):
        layer = nn.Conv2d(8, 12, kernel_size, groups=groups, bias=bias)
        count = sum(p.numel() for p in layer.parameters())
        assert conv2d_parameters(8, 12, kernel_size, groups, bias) == count


def test_macs_by_counting_products():
    """Ones times ones: the sum of the output is the number of products."""
    for groups, kernel_size in itertools.product((1, 2), (1, 3, (3, 1))):
        layer = nn.Conv2d(4, 6, kernel_size, stride=2, groups=groups, bias=False)
        nn.init.ones_(layer.weight)
        out = layer(torch.ones(1, 4, 9, 7))
        assert conv2d_macs(4, 6, kernel_size, *out.shape[2:], groups) == int(out.sum())


def test_published_totals():
    """VGG-16 (Simonyan & Zisserman 2015, table 2: 138 M) and the two-GPU AlexNet (60,965,224)."""
    assert sum(cost.parameters for cost in layer_costs(VGG16, (3, 224, 224))) == 138_357_544
    alexnet = [
        *(Conv(96, 11, 4), Pool(3, 2), Conv(256, 5, padding=2, groups=2), Pool(3, 2)),
        *(Conv(384, 3, padding=1), Conv(384, 3, padding=1, groups=2), Conv(256, 3, padding=1, groups=2), Pool(3, 2)),
        *(Linear(4096), Linear(4096), Linear(1000)),
    ]
    costs = layer_costs(alexnet, (3, 227, 227))
    assert sum(cost.parameters for cost in costs) == 60_965_224
    assert sum(cost.macs for cost in costs) == 724_406_816
    assert [cost.name for cost in costs[:3]] == ["conv1", "pool1", "conv2"]
    assert costs[0].shape == (96, 55, 55) and costs[0].activations == 290_400


def test_layer_costs_say_which_layer_does_not_fit():
    with pytest.raises(ValueError, match=r"conv2 does not fit .*\(4, 2, 2\)"):
        layer_costs([Conv(4, 3), Conv(4, 3)], (1, 4, 4))
    with pytest.raises(ValueError, match="made a vector"):
        layer_costs([Linear(4), Pool(2, 2)], (1, 4, 4))


STACKS = {
    "two 3x3": [Conv(1, 3), Conv(1, 3)],
    "strides": [Conv(1, 5, 2), Pool(3, 2), Conv(1, 3)],
    "padding": [Conv(1, 3, 1, 1), Pool(2, 2), Conv(1, 3, 1, 1), Pool(2, 2, 1)],
    "dilation": [Conv(1, 3, dilation=1), Conv(1, 3, dilation=2), Conv(1, 3, dilation=4)],
    "AlexNet's convolutions": [Conv(1, 11, 4), Pool(3, 2), Conv(1, 5, 1, 2), Pool(3, 2)],
}


@pytest.mark.parametrize("name", STACKS)
def test_receptive_field_by_gradient(name):
    """Positive weights and average pooling: exactly the pixels that an output sees get a gradient."""
    layers, n = STACKS[name], 131
    net = nn.Sequential()
    for layer in layers:
        if isinstance(layer, Pool):
            net.append(nn.AvgPool1d(layer.kernel_size, layer.stride, layer.padding))
        else:
            net.append(nn.Conv1d(1, 1, *layer[1:5], bias=False))
            nn.init.ones_(net[-1].weight)
    x = torch.ones(1, 1, n, requires_grad=True)
    out = net(x)[0, 0]
    field = receptive_field(layers)
    for position in (len(out) // 2, len(out) // 2 + 1):
        (dx,) = torch.autograd.grad(out[position], x, retain_graph=True)
        seen = dx[0, 0].nonzero().flatten()
        assert seen.max() - seen.min() + 1 == field.size
        assert seen.min() == field.start + position * field.jump


def test_receptive_field_needs_windows():
    with pytest.raises(TypeError, match="no window"):
        receptive_field([Linear(3)])


@pytest.mark.parametrize(
    "arguments, error, says",
    [
        ((5, 3, 0), ValueError, "stride is 0; it has to be 1 or more"),
        ((5, 3, 1, -1), ValueError, "padding is -1"),
        ((5.0, 3), TypeError, "n is 5.0; give a whole number"),
        ((5, True), TypeError, "kernel_size is True"),
    ],
)
def test_errors_are_sentences(arguments, error, says):
    with pytest.raises(error, match=says):
        output_size(*arguments)


def test_groups_must_divide():
    with pytest.raises(ValueError, match="3 groups do not divide"):
        conv2d_parameters(8, 12, 3, groups=3)
    with pytest.raises(ValueError, match="3 groups do not divide"):
        conv2d_parameters(12, 8, 3, groups=3)
    with pytest.raises(ValueError, match="groups is 0"):
        conv2d_parameters(8, 12, 3, groups=0)
    with pytest.raises(ValueError, match="5 groups do not divide"):
        conv2d_macs(5, 12, 3, 7, 7, groups=5)
    with pytest.raises(ValueError, match=r"conv1 does not fit .* 2 groups do not divide"):
        layer_costs([Conv(5, 3, groups=2)], (4, 8, 8))


def test_rectangular_images_and_what_a_window_needs():
    """Height and width each by its own; a receptive field of nothing is one pixel."""
    conv, pool = layer_costs([Conv(2, 3, padding=1), Pool(2, 2)], (3, 10, 6))
    assert (conv.shape, pool.shape) == ((2, 10, 6), (2, 5, 3))
    assert (conv.macs, pool.macs, pool.parameters) == (2 * 3 * 9 * 60, 0, 0)
    assert receptive_field([]) == (1, 1, 0)
    with pytest.raises(ValueError, match="stride is 0"):
        receptive_field([Pool(2, 0)])
