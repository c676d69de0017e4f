"""``python -m convnets.data.rebuild [FILE …]``: make the embedded files (all, or those named) and SHA256SUMS.txt again.

Needs apt-get (Debian), npm and pip, for the packages only. The contents are the same on every machine; the bytes of
packed files follow the versions of zlib and Pillow, so expect new checksums where those differ from the last time.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from convnets.data import embedded, formats
from convnets.data.rebuild import icons, sources


def main(names: list[str]) -> None:
    if unknown := set(names) - set(MAKERS):
        sys.exit(f"no embedded file is called {', '.join(sorted(unknown))}: choose among {', '.join(MAKERS)}")
    for name in names or MAKERS:
        content = MAKERS[name]()
        (embedded.FILES / name).write_bytes(content)
        print(f"{hashlib.sha256(content).hexdigest()}  {len(content):>9,}  {name}", flush=True)
    lines = [f"{hashlib.sha256((embedded.FILES / name).read_bytes()).hexdigest()}  {name}\n" for name in MAKERS]
    (embedded.FILES / "SHA256SUMS.txt").write_text("".join(lines), encoding="ascii", newline="\n")


def fashion_mnist_small() -> bytes:
    """The first 1000 training and 200 test images of each class, in their published order."""
    arrays = {}
    for split, prefix, per_class in (("train", "train", 1000), ("test", "t10k", 200)):
        x = _idx(f"{prefix}-images-idx3-ubyte.gz").reshape(-1, 28, 28)
        y = _idx(f"{prefix}-labels-idx1-ubyte.gz")
        kept = np.sort(np.concatenate([np.flatnonzero(y == label)[:per_class] for label in range(10)]))
        arrays[f"x_{split}"], arrays[f"y_{split}"] = x[kept], y[kept]
    return _npz(arrays)


def _idx(name: str) -> np.ndarray:
    raw = gzip.decompress(sources.FASHION.read(name))
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])


def squeezenet() -> bytes:
    """HWIO float32 kernels to OIHW float16, names as torch's state dicts have them."""
    layers = formats.load_arrays(io.BytesIO(sources.NDF.read("/squeezenet_weights.pkl")))
    arrays = {}
    for layer, (kernel, bias) in layers.items():
        weight = kernel.transpose(3, 2, 0, 1)
        name = layer.replace("/", ".")
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = weight.astype(np.float16), bias.astype(np.float16)
    return _npz(arrays)


def imagenet_classes() -> bytes:
    """The first synonym of each class; two pairs of classes share theirs and get a word more."""
    synonyms = json.loads(sources.IMAGENET_CLASSES.read("/imagenet1k_label_to_names.json"))
    names = [synonyms[str(i)].split(",")[0].strip() for i in range(1000)]
    names[134], names[517] = "crane (bird)", "crane (machine)"
    names[639] = synonyms["639"]  # maillot, tank suit
    assert len(set(names)) == 1000
    return "".join(f"{name}\n" for name in names).encode()


def _photograph(package: sources.Package, name: str) -> bytes:
    """As published, but the two large PNGs become JPEGs."""
    if not name.endswith(("astronaut.jpg", "coffee.jpg")):
        return package.read(name)
    out = io.BytesIO()
    Image.open(io.BytesIO(package.read(name.replace(".jpg", ".png")))).convert("RGB").save(
        out, "JPEG", quality=92, subsampling=0, optimize=True
    )
    return out.getvalue()


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


MAKERS: dict[str, Callable[[], bytes]] = {
    "fashion_mnist_small.npz": fashion_mnist_small,
    "icons.npz": lambda: _npz(icons.make()),
    "squeezenet.npz": squeezenet,
    "imagenet_classes.txt": imagenet_classes,
    "astronaut.jpg": partial(_photograph, sources.SCIKIT_IMAGE, "/data/astronaut.jpg"),
    "camera.png": partial(_photograph, sources.SCIKIT_IMAGE, "/data/camera.png"),
    "chelsea.png": partial(_photograph, sources.SCIKIT_IMAGE, "/data/chelsea.png"),
    "china.jpg": partial(_photograph, sources.SCIKIT_LEARN, "/images/china.jpg"),
    "coffee.jpg": partial(_photograph, sources.SCIKIT_IMAGE, "/data/coffee.jpg"),
    "flower.jpg": partial(_photograph, sources.SCIKIT_LEARN, "/images/flower.jpg"),
    "rocket.jpg": partial(_photograph, sources.SCIKIT_IMAGE, "/data/rocket.jpg"),
}

if __name__ == "__main__":
    main(sys.argv[1:])
