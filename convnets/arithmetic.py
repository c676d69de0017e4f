"""The arithmetic of a convolutional network: sizes, receptive fields, parameters, multiply-adds and memory.

Pure functions on whole numbers. Argument names and conventions are those of ``torch.nn``; every size is along one
axis (height or width), so a rectangular layer takes two calls. A layer is described by one of three small tuples,
``Conv``, ``Pool`` or ``Linear``; ``layer_costs`` walks a list of them and ``receptive_field`` looks back through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple


class Conv(NamedTuple):
    """A convolution with a bias, as ``torch.nn.Conv2d`` (the number of input channels comes from the layer before)."""

    out_channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1


class Pool(NamedTuple):
    """Max or average pooling: no parameters, channels kept."""

    kernel_size: int
    stride: int
    padding: int = 0
    dilation: int = 1


class Linear(NamedTuple):
    """A fully connected layer with a bias; a (C, H, W) input is flattened first."""

    out_features: int


class Cost(NamedTuple):
    """What one layer produces and needs, for one image."""

    name: str  #: "conv1", "pool2", "linear3": kind and running number
    shape: tuple[int, ...]  #: of its output: (C, H, W), or (features,)
    parameters: int  #: weights and biases
    macs: int  #: multiply-adds (a bias is not counted; a pooling layer has none)
    activations: int  #: numbers in its output


class ReceptiveField(NamedTuple):
    """What one output sees of the input, along one axis, in input pixels."""

    size: int  #: pixels from the first to the last that can matter, both included
    jump: int  #: distance between the fields of two neighbouring outputs
    start: int  #: first pixel that output 0 sees; below zero in the padding


def _whole(smallest: int, **values: int) -> None:
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} is {value!r}; give a whole number.")
        if value < smallest:
            raise ValueError(f"{name} is {value}; it has to be {smallest} or more.")


def output_size(n: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many outputs a window makes along an axis of ``n`` pixels: ``floor((n + 2p - d(k-1) - 1) / s) + 1``.

    ``padding`` zeros stand on both sides. Convolution and pooling obey the same formula (torch's ceil_mode=False).
    Raises ValueError if the window is longer than the padded axis. Source: Dumoulin & Visin 2016, relationship 15.
    """
    _whole(1, n=n, kernel_size=kernel_size, stride=stride, dilation=dilation)
    _whole(0, padding=padding)
    reach = dilation * (kernel_size - 1) + 1
    if reach > n + 2 * padding:
        raise ValueError(
            f"A window of {reach} pixels (kernel_size {kernel_size}, dilation {dilation}) does not fit into {n} pixels "
            f"with a padding of {padding} on each side; pad more or take a smaller window."
        )
    return (n + 2 * padding - reach) // stride + 1


def transposed_output_size(
    n: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Length of a transposed convolution's output: ``(n-1)s - 2p + d(k-1) + output_padding + 1``.

    ``output_padding`` picks one of the ``stride`` sizes that ``output_size`` would map back to ``n``.
    Raises ValueError if nothing is left after the padding is cut off.
    """
    _whole(1, n=n, kernel_size=kernel_size, stride=stride, dilation=dilation)
    _whole(0, padding=padding, output_padding=output_padding)
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding is {output_padding}; it has to be smaller than the stride ({stride}) "
            f"or the dilation ({dilation})."
        )
    size = (n - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1
    if size < 1:
        raise ValueError(
            f"A padding of {padding} cuts away the whole output; it may be at most {(size - 1) // 2 + padding}."
        )
    return size


def same_padding(n: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Zeros (before, after) that make ``ceil(n / stride)`` outputs: the rule that TensorFlow calls SAME.

    With stride 1 this keeps the size. The two differ by one when an odd number of zeros is needed; the extra one
    stands after, as in TensorFlow and in torch's ``padding="same"``.
    """
    _whole(1, n=n, kernel_size=kernel_size, stride=stride, dilation=dilation)
    outputs = -(-n // stride)
    total = max((outputs - 1) * stride + dilation * (kernel_size - 1) + 1 - n, 0)
    return total // 2, total - total // 2


def conv2d_parameters(
    in_channels: int, out_channels: int, kernel_size: int | tuple[int, int], groups: int = 1, bias: bool = True
) -> int:
    """Weights ``F * (C / groups) * KH * KW`` and, if there is a bias, F more."""
    kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    _whole(1, in_channels=in_channels, out_channels=out_channels, height=kh, width=kw, groups=groups)
    if in_channels % groups or out_channels % groups:
        raise ValueError(
            f"{groups} groups do not divide {in_channels} input and {out_channels} output channels evenly; "
            "take a number that divides both."
        )
    return out_channels * (in_channels // groups) * kh * kw + (out_channels if bias else 0)


def conv2d_macs(
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, int],
    out_height: int,
    out_width: int,
    groups: int = 1,
) -> int:
    """Multiply-adds for one image: every weight is used once at every output position."""
    _whole(1, out_height=out_height, out_width=out_width)
    return conv2d_parameters(in_channels, out_channels, kernel_size, groups, bias=False) * out_height * out_width


def layer_costs(layers: Sequence[Conv | Pool | Linear], in_shape: tuple[int, int, int]) -> list[Cost]:
    """Walk ``layers`` from an image of ``in_shape`` (C, H, W): one ``Cost`` per layer, in order.

    Raises ValueError where a layer does not fit, naming it.
    """
    shape: tuple[int, ...] = tuple(in_shape)
    costs: list[Cost] = []
    numbers: dict[str, int] = {}
    for layer in layers:
        kind = type(layer).__name__.lower()
        numbers[kind] = numbers.get(kind, 0) + 1
        name = f"{kind}{numbers[kind]}"
        try:
            shape, parameters, macs = _step(layer, shape)
        except ValueError as error:
            raise ValueError(f"{name} does not fit an input of shape {shape}: {error}") from None
        costs.append(Cost(name, shape, parameters, macs, prod(shape)))
    return costs


def _step(layer: Conv | Pool | Linear, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int, int]:
    """Output shape, parameters and multiply-adds of one layer."""
    if isinstance(layer, Linear):
        weights = prod(shape) * layer.out_features
        return (layer.out_features,), weights + layer.out_features, weights
    if len(shape) != 3:
        raise ValueError("a window needs (C, H, W), and the layer before made a vector.")
    C, H, W = shape
    window = layer.kernel_size, layer.stride, layer.padding, layer.dilation
    out_H, out_W = output_size(H, *window), output_size(W, *window)
    if isinstance(layer, Pool):
        return (C, out_H, out_W), 0, 0
    F, K, groups = layer.out_channels, layer.kernel_size, layer.groups
    return (F, out_H, out_W), conv2d_parameters(C, F, K, groups), conv2d_macs(C, F, K, out_H, out_W, groups)


def receptive_field(layers: Sequence[Conv | Pool]) -> ReceptiveField:
    """Pixels of the input that one output of the last layer can see, along one axis.

    Each layer widens the field by ``dilation * (kernel_size - 1)`` steps of the current jump, then multiplies the
    jump by its stride. With dilation, pixels inside the field may be skipped. Source: Araujo, Norris & Sim 2019.
    """
    size, jump, start = 1, 1, 0
    for layer in layers:
        if not isinstance(layer, Conv | Pool):
            raise TypeError(f"{layer!r} has no window; a receptive field needs Conv and Pool layers only.")
        _whole(1, kernel_size=layer.kernel_size, stride=layer.stride, dilation=layer.dilation)
        size += layer.dilation * (layer.kernel_size - 1) * jump
        start -= layer.padding * jump
        jump *= layer.stride
    return ReceptiveField(size, jump, start)
