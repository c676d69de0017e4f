"""Data for the lectures and assignments: image sets, photographs, ImageNet's class names and one trained network.

What the repository holds loads in a fraction of a second and needs no network; its checksum is verified each time::

    fashion = fashion_mnist()             # 10,000 + 2,000 grey 28x28 images, 10 classes
    icons()                               # 1,906 colour 64x64 icons, 9 classes
    photograph("chelsea")                 # a cat, (300, 451, 3)
    squeezenet_weights()                  # SqueezeNet 1.1, trained on ImageNet

Two sets are downloaded when first asked for, into ``cache_folder()``::

    fashion_mnist("full")                 # 60,000 + 10,000 images, 31 MB
    cifar10()                             # 50,000 + 10,000 colour 32x32 images, 170 MB

Batches are channels first, (N, C, H, W), as the layers of this course take them; a single photograph is (H, W, 3), as
``plt.imshow`` takes it. All pixels are uint8, 0 to 255, RGB. Whatever goes wrong is a DataError: one sentence with the
cause and the cure. Sources and licences stand in README.md beside this file.
"""

from convnets.data.datasets import Dataset, cifar10, fashion_mnist, icons, show_samples
from convnets.data.download import cache_folder
from convnets.data.embedded import DataError
from convnets.data.imagenet import (
    SQUEEZENET_MEAN_BGR,
    SQUEEZENET_SIZE,
    imagenet_classes,
    squeezenet_input,
    squeezenet_weights,
)
from convnets.data.photographs import photograph, photograph_credit, photograph_names

__all__ = [
    "SQUEEZENET_MEAN_BGR",
    "SQUEEZENET_SIZE",
    "DataError",
    "Dataset",
    "cache_folder",
    "cifar10",
    "fashion_mnist",
    "icons",
    "imagenet_classes",
    "photograph",
    "photograph_credit",
    "photograph_names",
    "show_samples",
    "squeezenet_input",
    "squeezenet_weights",
]
