"""ImageNet's 1000 class names, and SqueezeNet 1.1 trained on them: weights and how its input is prepared."""

from __future__ import annotations

import numpy as np

from convnets.data import embedded

SQUEEZENET_SIZE = 227  # pixels a side: (227 - 3)/2 + 1 = 113 after conv1, 13 at the end
SQUEEZENET_MEAN_BGR = np.array([104.006, 116.669, 122.679], dtype=np.float32)  # of ImageNet's training images


def imagenet_classes() -> tuple[str, ...]:
    """The 1000 class names of ILSVRC 2012 in the order of the networks' outputs (0 is "tench"), all different."""
    return tuple(embedded.read("imagenet_classes.txt").decode("utf-8").splitlines())


def squeezenet_weights() -> dict[str, np.ndarray]:
    """The trained parameters of SqueezeNet 1.1: name -> float32 array, 1,235,496 numbers in 52 arrays.

    conv1.weight (64, 3, 3, 3), then for N = 2 … 9 fireN.squeeze1x1, fireN.expand1x1, fireN.expand3x3 and at the end
    conv10 (1000, 512, 1, 1); each has a .weight (F, C, K, K) and a .bias (F,), as torch.nn.Conv2d takes them.

    The network: conv1 has stride 2 and no padding; expand3x3 has padding 1; every convolution, conv10 too, is followed
    by ReLU; a fire module concatenates its expand1x1 and expand3x3, in that order; max pooling 3x3 with stride 2 and
    ceil_mode=True after conv1, fire3 and fire5; the mean over all positions of conv10 gives the 1000 logits. The input
    is what ``squeezenet_input`` makes.

    Source: Iandola et al., "SqueezeNet", 2016 (version 1.1 is the authors' later release, 2.4x fewer operations).
    """
    return {name: array.astype(np.float32) for name, array in embedded.read_arrays("squeezenet.npz").items()}


def squeezenet_input(image: np.ndarray) -> np.ndarray:
    """Prepare one photograph, (H, W, 3) uint8 RGB, for SqueezeNet: (1, 3, 227, 227) float32.

    The largest centred square, resized; channels turned to blue, green, red; the mean colour subtracted. Not scaled:
    values run from about -123 to 151.
    """
    from PIL import Image

    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"squeezenet_input was given {image.dtype} {image.shape}: it needs uint8 (H, W, 3), RGB")
    height, width, _ = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(image[top : top + side, left : left + side])
    small = square.resize((SQUEEZENET_SIZE, SQUEEZENET_SIZE), Image.Resampling.BILINEAR)
    bgr = np.asarray(small, dtype=np.float32)[..., ::-1] - SQUEEZENET_MEAN_BGR
    return np.ascontiguousarray(bgr.transpose(2, 0, 1)[None])
