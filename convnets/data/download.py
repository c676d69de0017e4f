"""Downloads a published file once: checked, resumed where it broke off, and put in place only when it is whole."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from convnets.data.embedded import DataError

CHUNK = 1 << 16  # bytes read at a time
TIMEOUT = 30.0  # seconds without a byte before a connection counts as broken


@dataclass(frozen=True)
class Remote:
    """A file on its publisher's server: address, length in bytes and the md5 that the publisher gives."""

    url: str
    size: int
    md5: str

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.rsplit("/", 1)[-1]

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def cache_folder() -> Path:
    """Where downloads are kept: the environment variable CONVNETS_DATA, or else the user's cache folder."""
    import platformdirs

    if chosen := os.environ.get("CONVNETS_DATA"):
        return Path(chosen).expanduser()
    return Path(platformdirs.user_cache_dir("convnets", appauthor=False))


def fetch(remote: Remote) -> Path:
    """The file in the cache folder, downloaded if it is not there yet.

    A file already there is checked, and fetched again if it is damaged. While it comes in it is called NAME.part; that
    stays after a broken connection, and the next call goes on from there. Raises DataError with cause and cure.
    """
    folder = cache_folder()
    path = folder / remote.name
    part = folder / f"{remote.name}.part"
    with _sentences_for_disk_errors(folder, remote):
        if _is_whole(remote, path):  # looked at before anything is written: a shared cache may be read-only
            return path
        import filelock

        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".lock"):  # two notebooks may ask at the same time: the second waits
            if not _is_whole(remote, path):
                try:
                    _complete(remote, part)
                finally:
                    if part.exists() and part.stat().st_size == 0:
                        part.unlink()
                _verify(remote, part)
                os.replace(part, path)
    return path


def _complete(remote: Remote, part: Path) -> None:
    """Add to ``part`` until it has all bytes, connecting again as long as each connection brings it further."""
    from tqdm.auto import tqdm

    have = part.stat().st_size if part.exists() else 0
    if shutil.disk_usage(part.parent).free < remote.size - have:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    progress = tqdm(total=remote.size, initial=have, unit="B", unit_scale=True, desc=remote.name)
    with part.open("ab") as file, progress:
        while have < remote.size:
            before, cause = have, "the server closed the connection early"
            try:
                for chunk in _stream(remote, have):
                    file.write(chunk)
                    have += len(chunk)
                    progress.update(len(chunk))
            except _BrokenConnection as error:
                cause = str(error)
            if have == before:
                raise DataError(
                    f"{remote.name} could not be fetched from {remote.host} ({cause}; {_mb(have)} of "
                    f"{_mb(remote.size)} are here): check the network and call again to go on from there, "
                    f"or copy the file into {part.parent} from a machine that has it"
                )


class _BrokenConnection(Exception):
    """Why a connection ended before the last byte."""


def _stream(remote: Remote, have: int) -> Iterator[bytes]:
    """What one connection brings of the bytes after the first ``have``."""
    headers = {"User-Agent": "convnets", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with urlopen(Request(remote.url, headers=headers), timeout=TIMEOUT) as answer:
            start, total = _extent(answer)
            if total not in (None, remote.size):
                raise DataError(
                    f"{remote.host} sent {total:,} bytes where {remote.name} has {remote.size:,}: a proxy or a login "
                    f"page may have answered in its place; open {remote.url} in a browser to see, then call again"
                )
            if start > have:
                raise _BrokenConnection(f"the server sent byte {start} where byte {have} was asked for")
            position = start  # a server that knows no ranges begins again at 0: pass over what we have
            while position < remote.size and (chunk := answer.read(min(CHUNK, remote.size - position))):
                new = chunk[max(have - position, 0) :]
                position += len(chunk)
                if new:
                    yield new
    except HTTPError as error:
        raise _BrokenConnection(f"the server answered {error.code} {error.reason}") from None
    except URLError as error:
        raise _BrokenConnection(f"no connection: {getattr(error.reason, 'strerror', None) or error.reason}") from None
    except (OSError, http.client.HTTPException) as error:  # of the network only: what the caller does is not in here
        raise _BrokenConnection(f"the connection broke: {error or type(error).__name__}") from None


def _extent(answer: Any) -> tuple[int, int | None]:
    """Where in the file the answer starts, and how long the whole file is if the server says so."""
    if answer.status == 206:  # Content-Range: bytes START-END/TOTAL
        found = re.match(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range") or "")
        if found is None:
            raise _BrokenConnection("the server did not say which part it sent")
        return int(found[1]), None if found[2] == "*" else int(found[2])
    length = answer.headers.get("Content-Length") or ""
    return 0, int(length) if length.isdigit() else None


def _is_whole(remote: Remote, path: Path) -> bool:
    return path.is_file() and _md5(path) == remote.md5


def _verify(remote: Remote, part: Path) -> None:
    found = _md5(part)
    if found != remote.md5:
        part.unlink()
        raise DataError(
            f"{remote.name} from {remote.host} has the wrong checksum (md5 {found}, published {remote.md5}): it was "
            f"changed or damaged on its way and has been deleted; call again, on another network if it repeats"
        )


def _md5(path: Path) -> str:
    """The checksum that the publishers give; it guards against damage, not against an attacker."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@contextmanager
def _sentences_for_disk_errors(folder: Path, remote: Remote) -> Iterator[None]:
    elsewhere = "or set CONVNETS_DATA to a folder"
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"there is no room for {remote.name} in {folder} ({_mb(remote.size)} are needed): make room and call "
                f"again to go on from there, {elsewhere} on another disk"
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise DataError(f"{folder} may not be written: allow it, {elsewhere} that you may write") from None
        raise DataError(
            f"{remote.name} cannot be kept in {folder} ({error.strerror or error}): make that a folder you can write, "
            f"{elsewhere} that is one"
        ) from None


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
