"""The labelled image sets, all in one shape: Dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from convnets.data import embedded, formats
from convnets.data.download import Remote, fetch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FASHION_HOME = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FASHION_MNIST = {
    "x_train": Remote(f"{_FASHION_HOME}train-images-idx3-ubyte.gz", 26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    "y_train": Remote(f"{_FASHION_HOME}train-labels-idx1-ubyte.gz", 29515, "25c81989df183df01b3e8a0aad5dffbe"),
    "x_test": Remote(f"{_FASHION_HOME}t10k-images-idx3-ubyte.gz", 4422102, "bef4ecab320f06d8554ea6380940ec79"),
    "y_test": Remote(f"{_FASHION_HOME}t10k-labels-idx1-ubyte.gz", 5148, "bb300cfdad3c16e7a12a480ee83cd310"),
}
FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CIFAR10 = Remote(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", 170498071, "c58f30108f718f92721af3b95e74349a"
)
ICON_CLASSES = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images, split into training and test.

    x_train, x_test  (N, C, H, W) uint8, 0 to 255
    y_train, y_test  (N,) int64, indices into class_names
    class_names      one str a class
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Dataset({len(self.x_train)} training and {len(self.x_test)} test images of shape "
            f"{self.x_train.shape[1:]}, {len(self.class_names)} classes: {', '.join(self.class_names)})"
        )


def fashion_mnist(size: Literal["small", "full"] = "small") -> Dataset:
    """Fashion-MNIST: grey pictures of clothes, x (N, 1, 28, 28), 10 classes of equal size (Xiao et al., 2017).

    "small" is embedded: the first 1000 training and 200 test images of each class, in their published order.
    "full" is downloaded once (31 MB): 60,000 and 10,000. Raises DataError if it cannot be had.
    """
    if size == "small":
        arrays = embedded.read_arrays("fashion_mnist_small.npz")
    elif size == "full":
        arrays = {name: formats.read_idx(fetch(remote)) for name, remote in FASHION_MNIST.items()}
    else:
        raise ValueError(f"size is {size!r}: it must be 'small' (embedded) or 'full' (downloaded)")
    return Dataset(
        arrays["x_train"].reshape(-1, 1, 28, 28),
        arrays["y_train"].astype(np.int64),
        arrays["x_test"].reshape(-1, 1, 28, 28),
        arrays["y_test"].astype(np.int64),
        FASHION_CLASSES,
    )


def cifar10() -> Dataset:
    """CIFAR-10: colour photographs of animals and vehicles, x (N, 3, 32, 32), 10 classes (Krizhevsky, 2009).

    50,000 training and 10,000 test images, downloaded once (170 MB). Raises DataError if they cannot be had.
    """
    arrays, names = formats.read_cifar10(fetch(CIFAR10))
    return Dataset(**arrays, class_names=names)


def icons(alpha: bool = False) -> Dataset:
    """Small colour drawings in 9 classes of unequal size: x (N, 3, 64, 64) RGB on white.

    alpha  True gives (N, 4, 64, 64), RGBA, to paste icons into scenes (alpha 0 is transparent)

    About one in five is a test image. Variants of one thing (man and woman, the same shape in another colour, flags
    that look alike, the hours of a clock) are all in the same split. Skin tones are left at the default yellow.
    """
    stored = embedded.read_arrays("icons.npz")
    palette = stored["palette"]  # (N, 128, 4); index (N, 64, 64) points into it
    if not alpha:
        opacity = palette[..., 3:].astype(np.uint16)
        palette = ((palette[..., :3] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)
    palette = palette.transpose(0, 2, 1)[..., None]  # (N, channels, 128, 1)
    x = np.take_along_axis(palette, stored["index"].reshape(len(palette), 1, -1, 1), axis=2)
    x = x.reshape(len(palette), -1, 64, 64)
    y, test = stored["label"].astype(np.int64), stored["test"]
    return Dataset(x[~test], y[~test], x[test], y[test], ICON_CLASSES)


def show_samples(
    dataset: Dataset, per_class: int = 8, split: Literal["train", "test"] = "train", seed: int = 0
) -> Figure:
    """A figure with ``per_class`` random images of each class, one row a class (as the last line of a cell it shows).

    Classes with fewer images than that leave their row short. RGBA images are drawn with their transparency.
    """
    import matplotlib.pyplot as plt

    x, y = (dataset.x_train, dataset.y_train) if split == "train" else (dataset.x_test, dataset.y_test)
    rng = np.random.default_rng(seed)
    rows, cell = len(dataset.class_names), 0.62  # inches: one image with its gap
    labels = 0.25 + 0.075 * max(11, *map(len, dataset.class_names))  # inches: the column of names
    width, height = labels + cell * per_class, cell * rows
    fig, axes = plt.subplots(rows, per_class, figsize=(width, height), squeeze=False, layout="none")
    fig.subplots_adjust(left=labels / width, right=1, bottom=0, top=1, wspace=0.06, hspace=0.06)
    for label, (row, name) in enumerate(zip(axes, dataset.class_names, strict=True)):
        members = np.flatnonzero(y == label)
        chosen = rng.permutation(members)[:per_class]
        for ax, index in zip(row, chosen, strict=False):
            image = x[index].transpose(1, 2, 0)
            ax.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        for ax in row:
            ax.set_axis_off()
        label_text = f"{name}\n{len(members):,} images"
        row[0].text(-0.12, 0.5, label_text, transform=row[0].transAxes, ha="right", va="center", fontsize=9)
    plt.close(fig)  # or a notebook would draw it twice: once as the cell's value, once as an open figure
    return fig
