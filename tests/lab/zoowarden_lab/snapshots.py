"""Damage that no checksum tells: one byte of a znode's data in the snapshot of a stopped member.

A snapshot is a stream with seals: an Adler-32 over everything before it, as a 64-bit number, and
the path "/" as a buffer. The data ends with one; from 3.6 on the tree's own digest follows, from
3.9 on the zxid applied last as well, each with a seal of its own
(org.apache.zookeeper.server.persistence.FileSnap and SnapStream).
"""

import pathlib
import re
import struct
import zlib

from .errors import LabError

_SEAL_PATH = struct.pack(">i", 1) + b"/"
_SEAL = 8 + len(_SEAL_PATH)
_FOLLOWING = (8, 8 + 4 + 8)  # the zxid applied last; zxid, version and value of the digest


def newest(data: pathlib.Path) -> pathlib.Path:
    """Of those that are whole: a killed member leaves one half written, and starts from another."""
    found = [path for path in (data / "version-2").glob("snapshot.*")
             if re.fullmatch(r"snapshot\.[0-9a-f]+", path.name)]
    for path in sorted(found, key=lambda path: int(path.suffix[1:], 16), reverse=True):
        content = path.read_bytes()
        if _sealed(content, len(content)):
            return path
    raise LabError(f"no whole snapshot in {data}")


def _sealed(content: bytes, end: int) -> bool:
    """Whether there is a good seal that ends there."""
    begin = end - _SEAL
    return (begin > 0 and content[begin + 8:end] == _SEAL_PATH and
            struct.unpack(">q", content[begin:begin + 8])[0] == zlib.adler32(content[:begin]))


def _seals(content: bytes) -> list:
    """The ends of the seals of a whole snapshot, first to last."""
    ends = [len(content)]
    while True:
        before = [ends[0] - _SEAL - size for size in _FOLLOWING
                  if _sealed(content, ends[0] - _SEAL - size)]
        if not before:
            return ends
        ends.insert(0, before[0])


def rewrite(data: pathlib.Path, old: bytes, new: bytes) -> pathlib.Path:
    """Replaces the one place that has these bytes by others, and makes the checksums good again."""
    path = newest(data)
    content = path.read_bytes()
    ends = _seals(content)
    if len(old) != len(new) or content.count(old) != 1:
        raise LabError(f"{old!r} is {content.count(old)} times in {path}")
    changed = bytearray(content.replace(old, new))
    for end in ends:
        begin = end - _SEAL
        changed[begin:begin + 8] = struct.pack(">q", zlib.adler32(bytes(changed[:begin])))
    path.write_bytes(changed)
    return path
