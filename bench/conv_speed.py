"""How long the reference convolution of assignment a2 takes beside torch's: forward and backward, CPU, one thread.

Run from anywhere: ``python bench/conv_speed.py``. Prints both medians and their ratio; fails above a ratio of 4.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # read when NumPy is first imported
    os.environ[variable] = "1"

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

NOTEBOOK = Path(__file__).resolve().parents[1] / "solutions" / "a2_layers" / "a2_layers.ipynb"
LIMIT = 4.0
REPEATS = 15


def reference() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """conv2d_forward and conv2d_backward of the source notebook."""
    cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
    names: dict[str, Any] = {"np": np}
    for name in ("conv2d_forward", "conv2d_backward"):
        exec(compile(cells[name], f"{NOTEBOOK.name}:{name}", "exec"), names)
    return names["conv2d_forward"], names["conv2d_backward"]


def milliseconds(*contestants: Callable[[], Any]) -> list[float]:
    """The median time of each, taken in turns so that a busy moment hits all of them."""
    times: list[list[float]] = [[] for _ in contestants]
    for _ in range(REPEATS + 2):  # the first two rounds warm up
        for contestant, taken in zip(contestants, times, strict=True):
            start = time.perf_counter()
            contestant()
            taken.append(time.perf_counter() - start)
    return [1e3 * statistics.median(taken[2:]) for taken in times]


def main() -> int:
    torch.set_num_threads(1)
    forward, backward = reference()
    rng = np.random.default_rng(0)
    shapes = {"x": (32, 16, 32, 32), "w": (32, 16, 3, 3), "b": (32,), "dout": (32, 32, 32, 32)}
    x, w, b, dout = (rng.normal(size=shape).astype(np.float32) for shape in shapes.values())
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, w, b)]
    torch_dout = torch.tensor(dout)

    def ours() -> tuple[np.ndarray, ...]:
        out, cache = forward(x, w, b, padding=1)
        return out, *backward(dout, cache)

    def theirs() -> tuple[torch.Tensor, ...]:
        out = torch.nn.functional.conv2d(tensors[0], tensors[1], tensors[2], padding=1)
        return out, *torch.autograd.grad(out, tensors, torch_dout)

    for name, mine, torchs in zip(("out", "dx", "dw", "db"), ours(), theirs(), strict=True):
        error = np.abs(mine - torchs.detach().numpy()).max() / np.abs(mine).max()
        if mine.dtype != np.float32 or error > 1e-4:
            print(f"{name} is {mine.dtype} and {error:.1e} from torch's: no use timing a wrong answer")
            return 1
    numpy_ms, torch_ms = milliseconds(ours, theirs)
    ratio = numpy_ms / torch_ms
    print("conv2d, forward and backward: batch 32, 16 to 32 channels, 32x32, 3x3, padding 1, float32, one thread")
    print(f"reference {numpy_ms:6.1f} ms (NumPy {np.__version__})")
    print(f"torch     {torch_ms:6.1f} ms (torch {torch.__version__})")
    print(f"ratio     {ratio:6.2f}    (limit {LIMIT:g})")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
