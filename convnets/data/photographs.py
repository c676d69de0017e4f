"""A handful of photographs that may be used freely; two of them ask that the photographer is named."""

from __future__ import annotations

import io

import numpy as np

from convnets.data import embedded

# name -> (file, who to name beside the picture)
_PHOTOGRAPHS = {
    "astronaut": ("astronaut.jpg", "Eileen Collins. NASA, public domain"),
    "camera": ("camera.png", "Man with a camera. Lav Varshney, CC0 1.0"),
    "chelsea": ("chelsea.png", "Chelsea the cat. Stefan van der Walt, CC0 1.0"),
    "china": ("china.jpg", "Summer Palace, Beijing. danielbuechele (flickr), CC BY 2.0"),
    "coffee": ("coffee.jpg", "A cup of coffee. Rachel Michetti, CC0 1.0"),
    "flower": ("flower.jpg", "A dahlia. vultilion (flickr), CC BY 2.0"),
    "rocket": ("rocket.jpg", "Falcon 9 with DSCOVR. SpaceX, public domain"),
}


def photograph_names() -> tuple[str, ...]:
    """The names that ``photograph`` knows."""
    return tuple(_PHOTOGRAPHS)


def photograph(name: str) -> np.ndarray:
    """One photograph as uint8 RGB, (H, W, 3), 300 to 640 pixels a side ("camera" is grey: three equal channels).

    For a network, ``photograph(name).transpose(2, 0, 1)[None]`` is (1, 3, H, W).
    """
    from PIL import Image

    with Image.open(io.BytesIO(embedded.read(_look_up(name)[0]))) as image:
        return np.array(image.convert("RGB"))


def photograph_credit(name: str) -> str:
    """What it shows, by whom, under which licence: put it under china and flower wherever they are shown."""
    return _look_up(name)[1]


def _look_up(name: str) -> tuple[str, str]:
    if name not in _PHOTOGRAPHS:
        raise ValueError(f"there is no photograph {name!r}: choose one of {', '.join(_PHOTOGRAPHS)}")
    return _PHOTOGRAPHS[name]
