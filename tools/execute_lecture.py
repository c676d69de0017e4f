"""Execute lectures and save them with their outputs:   python tools/execute_lecture.py lectures/03_*.ipynb

Like ``jupyter nbconvert --execute --inplace``, but two runs differ only in what their results differ in: widgets get
stable ids, and times of execution are left out. A cell that raises leaves the file as it was.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from convnets.explorers.kit import stable_ids

ROOT = Path(__file__).resolve().parents[1]


def execute(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("widgets", None)
    folder = {"metadata": {"path": str(path.parent)}}
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    NotebookClient(notebook, timeout=180, resources=folder, record_timing=False).execute(env=environment)
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(stable_ids(notebook), path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"executing {name} ...")
        execute(Path(name))
