"""convnets.data: what is embedded is what was released, and downloads survive whatever a network does."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import pickle
import re
import shutil
import socket
import struct
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from convnets import data
from convnets.data import datasets, download, embedded, formats
from convnets.data.download import Remote, fetch

# --- embedded files -------------------------------------------------------------------------------------------------


def test_every_embedded_file_is_listed_checked_and_small():
    found = {path.name for path in embedded.FILES.iterdir() if path.is_file()} - {"SHA256SUMS.txt"}
    assert found == set(embedded.checksums())
    for name in found:
        embedded.read(name)
    sizes = [(embedded.FILES / name).stat().st_size for name in found]
    assert max(sizes) < 6e6 and sum(sizes) < 12e6


def test_readme_gives_source_and_checksum_of_each_file():
    readme = (embedded.FILES.parent / "README.md").read_text(encoding="utf-8")
    for name, digest in embedded.checksums().items():
        assert re.search(rf"\| `{re.escape(name)}` \|.*`{digest}`", readme), f"README.md lacks {name} with {digest}"
    for licence in re.findall(r"files/licences/[\w.-]+", readme):
        assert (embedded.FILES.parent / licence).is_file(), f"README.md points to {licence}, which is not there"


@pytest.fixture
def files(tmp_path, monkeypatch) -> Path:
    """A copy of the embedded files that a test may break."""
    copy = tmp_path / "files"
    shutil.copytree(embedded.FILES, copy)
    monkeypatch.setattr(embedded, "FILES", copy)
    return copy


def sentence(error: pytest.ExceptionInfo[BaseException]) -> str:
    text = str(error.value)
    assert "\n" not in text and len(text) < 600
    return text


def test_missing_file_is_one_line_with_the_cure(files):
    (files / "icons.npz").unlink()
    with pytest.raises(data.DataError) as error:
        data.icons()
    assert "icons.npz is missing" in sentence(error) and "git checkout" in sentence(error)


def test_damaged_file_is_noticed_before_it_is_used(files):
    content = bytearray((files / "squeezenet.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (files / "squeezenet.npz").write_bytes(content)
    with pytest.raises(data.DataError) as error:
        data.squeezenet_weights()
    assert "squeezenet.npz is damaged" in sentence(error) and "git checkout" in sentence(error)


def test_unreadable_file_and_missing_list(files):
    (files / "chelsea.png").unlink()
    (files / "chelsea.png").mkdir()
    with pytest.raises(data.DataError, match=r"chelsea.png cannot be read"):
        data.photograph("chelsea")
    (files / "SHA256SUMS.txt").unlink()
    with pytest.raises(data.DataError, match=r"list of checksums .* cannot be read \(No such file.*git checkout"):
        data.imagenet_classes()


# --- image sets -----------------------------------------------------------------------------------------------------


def check_dataset(d: data.Dataset, train: int, test: int, image: tuple[int, ...], classes: int) -> None:
    assert d.x_train.shape == (train, *image) and d.x_test.shape == (test, *image)
    assert d.y_train.shape == (train,) and d.y_test.shape == (test,)
    assert d.x_train.dtype == d.x_test.dtype == np.uint8 and d.y_train.dtype == d.y_test.dtype == np.int64
    assert d.x_train.flags.c_contiguous and d.x_train.flags.writeable and d.y_train.flags.writeable
    assert len(d.class_names) == classes and set(d.y_train) | set(d.y_test) <= set(range(classes))
    torch.from_numpy(d.x_train)


def test_fashion_small_is_balanced_and_splits_do_not_overlap():
    d = data.fashion_mnist()
    check_dataset(d, 10_000, 2_000, (1, 28, 28), 10)
    assert (np.bincount(d.y_train) == 1000).all() and (np.bincount(d.y_test) == 200).all()
    assert not {x.tobytes() for x in d.x_test} & {x.tobytes() for x in d.x_train}
    assert len(set(d.y_train[:50])) == 10  # mixed, not sorted by class: a mini-batch of the first ones is fair
    assert "10000 training" in repr(d)


def test_fashion_labels_fit_the_pictures():
    """The nearest class mean is right far above chance, on images that had no part in the means."""
    d = data.fashion_mnist()
    x = d.x_train.reshape(len(d.x_train), -1).astype(np.float32)
    means = np.stack([x[d.y_train == label].mean(axis=0) for label in range(10)])
    test = d.x_test.reshape(len(d.x_test), -1).astype(np.float32)
    nearest = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == d.y_test).mean() > 0.6
    trouser, boot = (means[d.class_names.index(name)].reshape(28, 28) for name in ("Trouser", "Ankle boot"))
    assert trouser[:, 8:20].sum() > 0.9 * trouser.sum()  # narrow
    assert boot[:3].mean() < boot[14:20].mean()  # low


def test_icons_split_by_concept():
    d = data.icons()
    check_dataset(d, 1_524, 382, (3, 64, 64), 9)
    stored = embedded.read_arrays("icons.npz")
    test, concept = stored["test"], stored["concept"]
    assert np.array_equal(d.y_train, stored["label"][~test]) and np.array_equal(d.y_test, stored["label"][test])
    assert not set(concept[test]) & set(concept[~test])
    for label in range(9):
        assert 0.15 < test[stored["label"] == label].mean() < 0.22
    names = list(stored["name"])
    for variants in (["runner", "man-running", "woman-running"], ["heart", "green_heart"], ["flag-no", "flag-bv"]):
        assert len({int(concept[names.index(name)]) for name in variants}) == 1, variants
    assert concept[names.index("dog")] != concept[names.index("taxi")]
    assert "+1" in names and not any("skin-tone" in name for name in names)


def test_no_test_icon_is_nearly_a_training_icon():
    d = data.icons()
    train, test = (
        x.reshape(len(x), 3, 16, 4, 16, 4).mean(axis=(3, 5)).reshape(len(x), -1) for x in (d.x_train, d.x_test)
    )
    squares = (test**2).sum(axis=1)[:, None] + (train**2).sum(axis=1) - 2 * test @ train.T
    assert np.sqrt(squares.min() / train.shape[1]) > 11


def test_icons_with_alpha_are_the_same_drawings():
    solid, clear = data.icons(), data.icons(alpha=True)
    assert clear.x_test.shape == (len(solid.x_test), 4, 64, 64) and (clear.y_test == solid.y_test).all()
    rgb, opacity = clear.x_test[:, :3].astype(float), clear.x_test[:, 3:] / 255
    assert np.abs(rgb * opacity + 255 * (1 - opacity) - solid.x_test).max() <= 0.51
    corners = clear.x_train[:, 3, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 0).mean() > 0.5


def test_wrong_arguments_say_what_is_needed():
    with pytest.raises(ValueError, match=r"'small' .* or 'full'"):
        data.fashion_mnist("medium")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="choose one of astronaut, "):
        data.photograph("dog")
    with pytest.raises(ValueError, match=r"float64 \(3, 8, 8\): it needs uint8"):
        data.squeezenet_input(np.zeros((3, 8, 8)))


@pytest.mark.parametrize("split", ["train", "test"])
def test_show_samples_draws_one_row_a_class(split):
    import matplotlib

    matplotlib.use("Agg")
    d = data.icons()
    few = data.Dataset(d.x_train[:300], d.y_train[:300], d.x_test[:60], d.y_test[:60], d.class_names)
    fig = data.show_samples(few, per_class=5, split=split)
    assert len(fig.axes) == 9 * 5
    x, y = (few.x_train, few.y_train) if split == "train" else (few.x_test, few.y_test)
    for label, name in enumerate(few.class_names):
        row = fig.axes[5 * label : 5 * label + 5]
        shown = [ax.images[0].get_array() for ax in row if ax.images]
        assert len(shown) == min(5, (y == label).sum())
        assert row[0].texts[0].get_text().startswith(name)
        mine = {image.tobytes() for image in x[y == label]}
        assert all(np.asarray(image).transpose(2, 0, 1).tobytes() in mine for image in shown)
    fig.savefig(io.BytesIO(), format="png")


# --- photographs, ImageNet ------------------------------------------------------------------------------------------


def test_photographs():
    assert len(data.photograph_names()) == 7
    for name in data.photograph_names():
        image = data.photograph(name)
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and min(image.shape[:2]) >= 300
        assert image.flags.writeable and image.std() > 20
        assert re.search("CC0|CC BY 2.0|public domain", data.photograph_credit(name))
    red, _, blue = data.photograph("coffee").reshape(-1, 3).mean(axis=0)
    assert red > blue  # RGB, not BGR: wood is reddish


def squeezenet(x: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    """SqueezeNet 1.1 as squeezenet_weights describes it: logits (N, 1000)."""

    def conv(x: torch.Tensor, name: str, **options: int) -> torch.Tensor:
        return F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], **options))  # type: ignore

    x = F.max_pool2d(conv(x, "conv1", stride=2), 3, 2, ceil_mode=True)
    for n in range(2, 10):
        squeezed = conv(x, f"fire{n}.squeeze1x1")
        x = torch.cat([conv(squeezed, f"fire{n}.expand1x1"), conv(squeezed, f"fire{n}.expand3x3", padding=1)], 1)
        if n in (3, 5):
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
    return conv(x, "conv10").mean((2, 3))


def test_squeezenet_knows_a_cat_a_coffee_and_a_tripod():
    arrays = data.squeezenet_weights()
    assert len(arrays) == 52 and sum(a.size for a in arrays.values()) == 1_235_496
    assert all(a.dtype == np.float32 for a in arrays.values())
    assert arrays["conv1.weight"].shape == (64, 3, 3, 3) and arrays["fire9.expand3x3.weight"].shape == (256, 64, 3, 3)
    names = data.imagenet_classes()
    photographs = ["chelsea", "coffee", "camera", "china"]
    x = np.concatenate([data.squeezenet_input(data.photograph(name)) for name in photographs])
    assert x.shape == (4, 3, data.SQUEEZENET_SIZE, data.SQUEEZENET_SIZE) and x.dtype == np.float32
    logits = squeezenet(torch.from_numpy(x), {name: torch.from_numpy(a) for name, a in arrays.items()})
    top5 = [[names[k] for k in row] for row in logits.topk(5).indices]
    assert set(top5[0][:3]) == {"Egyptian cat", "tabby", "tiger cat"}
    assert top5[1][0] == "espresso" and top5[2][0] == "tripod" and {"stupa", "palace"} <= set(top5[3])


def test_squeezenet_input_is_bgr_centred_and_unscaled():
    image = np.zeros((300, 500, 3), np.uint8)
    image[:, 100:400] = (200, 100, 50)  # the centred square is all of this colour
    x = data.squeezenet_input(image)
    assert x.flags.c_contiguous
    np.testing.assert_allclose(x[0].reshape(3, -1).T - (50, 100, 200) + data.SQUEEZENET_MEAN_BGR, 0, atol=1e-4)


def test_imagenet_class_names():
    names = data.imagenet_classes()
    assert len(names) == len(set(names)) == 1000 and all(name == name.strip() != "" for name in names)
    known = {
        0: "tench",
        281: "tabby",
        134: "crane (bird)",
        517: "crane (machine)",
        817: "sports car",
        999: "toilet tissue",
    }
    assert {index: names[index] for index in known} == known


# --- downloads: a server on this machine that behaves badly on demand -----------------------------------------------


class Server(ThreadingHTTPServer):
    """Serves ``files``; each request takes the next behaviour of ``plan`` ("ok" when there is none left)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.plan: list[tuple[str, int]] = []
        self.over = threading.Event()  # ends a silence
        self.requests: list[str] = []  # the Range header of each, "" if there was none

    def add(self, name: str, content: bytes) -> Remote:
        self.files[name] = content
        url = f"http://127.0.0.1:{self.server_address[1]}/pub/{name}"
        return Remote(url, len(content), hashlib.md5(content).hexdigest())


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        behaviour, number = self.server.plan.pop(0) if self.server.plan else ("ok", 0)
        asked = self.headers.get("Range", "")
        self.server.requests.append(asked)
        content = self.server.files[self.path.removeprefix("/pub/")]
        if behaviour == "status":
            self.send_error(number)
            return
        if behaviour == "page":  # a login page in place of the file
            content, asked = b"<html>Please log in</html>", ""
        start = 0 if not asked or behaviour == "no ranges" else int(asked.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if asked and behaviour != "no ranges" else 200)
        if asked and behaviour != "no ranges":
            shift = number if behaviour == "wrong range" else 0
            self.send_header("Content-Range", f"bytes {start + shift}-{len(content) - 1}/{len(content)}")
        if behaviour != "no length":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if behaviour in ("break", "stall"):
            body = body[:number]
        self.wfile.write(body)
        self.wfile.flush()
        if behaviour == "stall":
            self.server.over.wait(20)
        if behaviour == "break":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("CONVNETS_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.over.set()
        running.shutdown()
        thread.join()


BODY = np.random.default_rng(0).bytes(500_000)


def kept(folder: Path | None = None) -> set[str]:
    """What the cache folder holds, its lock aside."""
    folder = folder or data.cache_folder()
    return {path.name for path in folder.iterdir()} - {".lock"} if folder.exists() else set()


def test_fetch_once_then_never_again(server, capsys):
    remote = server.add("file.bin", BODY)
    path = fetch(remote)
    assert path.read_bytes() == BODY and path.parent == data.cache_folder() and kept() == {"file.bin"}
    assert "file.bin" in capsys.readouterr().err  # the progress bar
    assert fetch(remote) == path and server.requests == [""]


def test_a_broken_connection_is_resumed_where_it_broke(server):
    remote = server.add("file.bin", BODY)
    server.plan = [("break", 200_000), ("break", 100_000), ("ok", 0)]
    assert fetch(remote).read_bytes() == BODY
    assert len(server.requests) == 3 and server.requests[0] == ""
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in server.requests[1:]]
    assert 0 < starts[0] <= 200_000 and starts[0] < starts[1] <= 300_000


def test_the_next_call_goes_on_from_what_the_last_one_left(server):
    remote = server.add("file.bin", BODY)
    server.plan = [("break", 200_000), ("status", 503)]
    with pytest.raises(data.DataError) as error:
        fetch(remote)
    assert "503" in sentence(error) and "call again to go on from there" in sentence(error)
    assert kept() == {"file.bin.part"}
    have = (data.cache_folder() / "file.bin.part").stat().st_size
    assert 0 < have <= 200_000
    assert fetch(remote).read_bytes() == BODY
    assert server.requests[-1] == f"bytes={have}-" and kept() == {"file.bin"}


def test_a_server_that_ignores_ranges(server):
    remote = server.add("file.bin", BODY)
    server.plan = [("break", 200_000), ("no ranges", 0)]
    assert fetch(remote).read_bytes() == BODY and len(server.requests) == 2


def test_a_server_that_sends_another_range_than_it_was_asked_for(server):
    remote = server.add("file.bin", BODY)
    server.plan = [("break", 200_000), ("wrong range", 7)]
    with pytest.raises(data.DataError, match="server sent byte"):
        fetch(remote)
    assert fetch(remote).read_bytes() == BODY


def test_a_server_that_gives_no_length_or_falls_silent(server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    remote = server.add("file.bin", BODY)
    server.plan = [("stall", 100_000), ("no length", 0)]
    begun = time.monotonic()
    assert fetch(remote).read_bytes() == BODY and len(server.requests) == 2
    assert time.monotonic() - begun < 10


def test_a_connection_that_brings_nothing_ends_with_a_sentence(server):
    remote = server.add("file.bin", BODY)
    server.plan = [("break", 0)]
    with pytest.raises(data.DataError) as error:
        fetch(remote)
    assert "0.0 MB of 0.5 MB" in sentence(error) and kept() == set()
    server.plan = [("status", 404)]
    with pytest.raises(data.DataError, match="404"):
        fetch(remote)


def test_no_network(server):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(data.DataError) as error:
        fetch(Remote(f"http://127.0.0.1:{port}/file.bin", 10, ""))
    text = sentence(error)
    assert "no connection" in text and "check the network" in text and str(data.cache_folder()) in text
    assert kept() == set()


def test_a_wrong_checksum_deletes_what_came_and_says_so(server):
    remote = server.add("file.bin", BODY)
    server.files["file.bin"] = BODY[:-1] + bytes([BODY[-1] ^ 1])
    with pytest.raises(data.DataError) as error:
        fetch(remote)
    assert "wrong checksum" in sentence(error) and "has been deleted" in sentence(error)
    assert kept() == set()
    server.files["file.bin"] = BODY
    assert fetch(remote).read_bytes() == BODY


def test_a_login_page_is_not_taken_for_the_file(server):
    remote = server.add("file.bin", BODY)
    server.plan = [("break", 200_000), ("page", 0)]
    with pytest.raises(data.DataError, match="login page"):
        fetch(remote)
    have = (data.cache_folder() / "file.bin.part").stat().st_size
    assert 0 < have <= 200_000  # what was right is kept
    assert fetch(remote).read_bytes() == BODY


def test_a_damaged_cached_file_is_fetched_again(server):
    remote = server.add("file.bin", BODY)
    path = fetch(remote)
    path.write_bytes(BODY[:1000])
    assert fetch(remote).read_bytes() == BODY and len(server.requests) == 2


def test_a_disk_that_is_full_beforehand(server, monkeypatch):
    remote = server.add("file.bin", BODY)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 1000))  # type: ignore
    with pytest.raises(data.DataError) as error:
        fetch(remote)
    assert "no room" in sentence(error) and "CONVNETS_DATA" in sentence(error)
    assert kept() == set() and server.requests == []


def test_a_disk_that_fills_up_on_the_way(server, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    really = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode="r": Full() if mode == "ab" else really(path, mode))
    with pytest.raises(data.DataError, match="no room"):
        fetch(server.add("file.bin", BODY))
    assert kept() == set()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_no_write_permission(server, monkeypatch, code):
    def refuse(*args: Any, **options: Any) -> None:
        raise OSError(code, os.strerror(code))

    remote = server.add("file.bin", BODY)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(data.DataError) as error:
        fetch(remote)
    assert "may not be written" in sentence(error) and "CONVNETS_DATA" in sentence(error)


def test_a_cache_that_may_only_be_read_serves_what_it_has(server, monkeypatch):
    remote = server.add("file.bin", BODY)
    path = fetch(remote)
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: pytest.fail("wrote to the cache"))
    assert fetch(remote) == path


def test_a_cache_folder_that_is_a_file(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONVNETS_DATA", str(tmp_path / "file"))
    with pytest.raises(data.DataError) as error:
        fetch(server.add("file.bin", BODY))
    assert "make that a folder" in sentence(error)


def test_two_at_a_time_download_once(server):
    remote = server.add("file.bin", BODY)
    threads = [threading.Thread(target=fetch, args=(remote,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (data.cache_folder() / "file.bin").read_bytes() == BODY and server.requests == [""]


def test_the_publishers_addresses_and_checksums():
    assert datasets.CIFAR10.name == "cifar-10-python.tar.gz" and datasets.CIFAR10.host == "www.cs.toronto.edu"
    remotes = [datasets.CIFAR10, *datasets.FASHION_MNIST.values()]
    assert all(re.fullmatch("[0-9a-f]{32}", remote.md5) for remote in remotes)
    assert len({remote.md5 for remote in remotes}) == 5
    assert [remote.size for remote in remotes] == [170_498_071, 26_421_880, 29_515, 4_422_102, 5_148]


# --- the real formats, small ----------------------------------------------------------------------------------------


def python2_pickle(value: Any) -> bytes:
    """Protocol 2 as Python 2's cPickle writes it: byte strings, NumPy's old module names."""

    def dump(value: Any) -> bytes:
        match value:
            case None:
                return b"N"
            case bytes():
                return b"T" + struct.pack("<i", len(value)) + value
            case int():
                return b"J" + struct.pack("<i", value)
            case tuple():
                return b"(" + b"".join(map(dump, value)) + b"t"
            case list():
                return b"](" + b"".join(map(dump, value)) + b"e"
            case dict():
                return b"}(" + b"".join(dump(k) + dump(v) for k, v in value.items()) + b"u"
            case np.ndarray():
                blank = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + dump((0,)) + dump(b"b") + b"\x87R"
                kind = b"cnumpy\ndtype\n" + dump((b"u1", 0, 1)) + b"R"
                kind += dump((3, b"|", None, None, None, -1, -1, 0)) + b"b"
                return blank + b"(" + dump(1) + dump(value.shape) + kind + b"\x89" + dump(value.tobytes()) + b"tb"
        raise TypeError(type(value))

    return b"\x80\x02" + dump(value) + b"."


NAMES = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]


def cifar_members(per_batch: int = 3) -> dict[str, bytes]:
    rng = np.random.default_rng(1)
    members = {
        "batches.meta": python2_pickle({b"num_cases_per_batch": per_batch, b"label_names": NAMES, b"num_vis": 3072})
    }
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        rows = rng.integers(0, 256, (per_batch, 3072), dtype=np.uint8)
        labels = [int(label) for label in rng.integers(0, 10, per_batch)]
        batch = {b"batch_label": name.encode(), b"labels": labels, b"data": rows, b"filenames": [b"a.png"] * per_batch}
        members[name] = python2_pickle(batch)
    return members


def tar_gz(members: dict[str, bytes], folder: str = "cifar-10-batches-py/") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in {**members, "readme.html": b"<p>hello"}.items():
            info = tarfile.TarInfo(folder + name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_cifar10_end_to_end(server, monkeypatch):
    remote = server.add("cifar-10-python.tar.gz", tar_gz(cifar_members()))
    monkeypatch.setattr(datasets, "CIFAR10", remote)
    server.plan = [("break", 20_000)]
    d = data.cifar10()
    check_dataset(d, 15, 3, (3, 32, 32), 10)
    assert d.class_names[0] == "airplane" and d.class_names[9] == "truck"
    expected = pickle.loads(cifar_members()["data_batch_2"], encoding="bytes")
    assert (d.x_train[3:6].reshape(3, -1) == expected[b"data"]).all() and (d.y_train[3:6] == expected[b"labels"]).all()
    assert "15 training" in repr(d) and kept() == {"cifar-10-python.tar.gz"}


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch pwned",)


@pytest.mark.parametrize(
    "change",
    [
        {"data_batch_3": pickle.dumps({b"data": Evil()}, protocol=2)},
        {"data_batch_3": b"\x80\x02cbuiltins\neval\n(T\x04\0\0\0exittR."},
        {"data_batch_3": b"not a pickle"},
        {"data_batch_3": python2_pickle({b"labels": [1, 2, 3]})},
        {"data_batch_3": python2_pickle([1, 2])},
        {"data_batch_3": python2_pickle({b"data": np.zeros((3, 7), np.uint8), b"labels": [1, 2, 3]})},
        {"test_batch": python2_pickle({b"data": np.zeros((3, 3072), np.uint8), b"labels": [1, 2]})},
        {"test_batch": python2_pickle({b"data": np.zeros((3, 3072), np.uint8), b"labels": [1, 2, 10]})},
        {"batches.meta": python2_pickle({b"label_names": 7})},
        {"batches.meta": b""},
    ],
)
def test_a_cifar_file_that_is_not_one_is_refused_and_runs_nothing(tmp_path, monkeypatch, change):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cifar.tar.gz"
    path.write_bytes(tar_gz({**cifar_members(), **change}))
    with pytest.raises(data.DataError) as error:
        formats.read_cifar10(path)
    assert "delete it and call again" in sentence(error)
    assert {p.name for p in tmp_path.iterdir()} == {"cifar.tar.gz"}


@pytest.mark.parametrize("folder", ["../", "/tmp/", "cifar-10-batches-py/../", "other/"])
def test_a_tar_with_other_paths_gives_nothing(tmp_path, folder):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "cifar.tar.gz"
    path.write_bytes(tar_gz(cifar_members(), folder))
    with pytest.raises(data.DataError):
        formats.read_cifar10(path)
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "cifar.tar.gz"]


def test_a_truncated_tar(tmp_path):
    path = tmp_path / "cifar.tar.gz"
    whole = tar_gz(cifar_members())
    for length in (0, 5, 100, len(whole) // 2, len(whole) - 9000):
        path.write_bytes(whole[:length])
        with pytest.raises(data.DataError, match="cannot be read"):
            formats.read_cifar10(path)


def idx_gz(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes())


def test_full_fashion_end_to_end(server, monkeypatch):
    rng = np.random.default_rng(2)
    arrays = {
        "x_train": rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "y_train": np.arange(20, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (10, 28, 28), dtype=np.uint8),
        "y_test": np.arange(10, dtype=np.uint8),
    }
    remotes = {name: server.add(f"{name}.gz", idx_gz(array)) for name, array in arrays.items()}
    monkeypatch.setattr(datasets, "FASHION_MNIST", remotes)
    d = data.fashion_mnist("full")
    check_dataset(d, 20, 10, (1, 28, 28), 10)
    assert (d.x_train[:, 0] == arrays["x_train"]).all() and (d.y_test == arrays["y_test"]).all()
    server.plan = [("status", 500)]
    assert (data.fashion_mnist("full").x_test == d.x_test).all()  # from the cache: the server is not asked


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b""),
        gzip.compress(b"\0\0\x08"),
        gzip.compress(b"\0\0\x0d\x01\0\0\0\x01abcd"),  # floats
        gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcd"),  # five announced, four there
        gzip.compress(b"\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        idx_gz(np.zeros(1000, np.uint8))[:-12],
    ],
    ids=["empty", "no gzip", "nothing inside", "header cut off", "floats", "too short", "huge shape", "gzip cut off"],
)
def test_an_idx_file_that_is_not_one(tmp_path, content):
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(data.DataError) as error:
        formats.read_idx(path)
    assert "delete it and call again" in sentence(error)


def test_arrays_with_objects_inside_are_never_unpickled(files):
    np.savez(files / "icons.npz", index=np.array([Evil()], dtype=object))
    sums = (files / "SHA256SUMS.txt").read_text()
    digest = hashlib.sha256((files / "icons.npz").read_bytes()).hexdigest()
    (files / "SHA256SUMS.txt").write_text(sums.replace(embedded.checksums()["icons.npz"], digest))
    with pytest.raises(ValueError, match="allow_pickle"):
        data.icons()


def test_labels_mean_what_their_publishers_say():
    fashion = "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"
    assert data.fashion_mnist().class_names == tuple(fashion.split(", "))
    stored = embedded.read_arrays("icons.npz")
    of = dict(zip(stored["name"], (datasets.ICON_CLASSES[label] for label in stored["label"]), strict=True))
    known = {
        "grinning": "Smileys & Emotion",
        "runner": "People & Body",
        "dog": "Animals & Nature",
        "pizza": "Food & Drink",
        "taxi": "Travel & Places",
        "soccer": "Activities",
        "key": "Objects",
        "heavy_plus_sign": "Symbols",
        "flag-no": "Flags",
    }
    assert {name: of[name] for name in known} == known
