"""Loopback addresses: each lab has a block 127.0.B.0/24 of its own, so that labs never collide.

A block is reserved by a file that names the lab's directory. The reservation of a directory that
holds no lab any more is void.
"""

import os
import pathlib
import socket

from . import cache
from .errors import LabError

_FIRST, _LAST = 16, 250


def _folder() -> pathlib.Path:
    return cache.root() / "blocks"


def address(block: int, server: int) -> str:
    return f"127.0.{block}.{server}"


def _owner(path: pathlib.Path):
    try:
        return pathlib.Path(path.read_text(encoding="utf-8"))
    except OSError:
        return None


def _taken(path: pathlib.Path, state_name: str) -> bool:
    owner = _owner(path)
    if owner is None:
        return False
    if (owner / state_name).exists():
        return True
    path.unlink(missing_ok=True)
    return False


def _free(block: int, ports) -> bool:
    """Whether nobody else listens there, another user's lab for instance."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address(block, 1), port))
            except OSError:
                return False
    return True


def reserve(directory: pathlib.Path, ports, state_name: str, claim) -> int:
    """A free block for the lab in `directory`.

    `claim(block)` must write the lab's state file; until then the reservation would be void.
    """
    span = _LAST - _FIRST + 1
    start = (os.getpid() * 7) % span
    with cache.lock("blocks"):
        _folder().mkdir(parents=True, exist_ok=True)
        for step in range(span):
            block = _FIRST + (start + step) % span
            path = _folder() / str(block)
            if _taken(path, state_name) or not _free(block, ports):
                continue
            path.write_text(str(directory), encoding="utf-8")
            claim(block)
            return block
    raise LabError("no free block of loopback addresses: end labs with `./x lab down --dir D`")


def release_all(directory: pathlib.Path) -> None:
    """Gives back what is reserved for the lab in `directory`; nobody else's."""
    with cache.lock("blocks"):
        for path in _folder().glob("*"):
            if _owner(path) == directory:
                path.unlink(missing_ok=True)
