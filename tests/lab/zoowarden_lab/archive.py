"""Writing and reading the archive of one release, byte for byte the same each time."""

import gzip
import hashlib
import io
import pathlib
import tarfile

_MTIME = 1700000000


def _entry(name: str, kind: bytes, mode: int, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.mtime = kind, mode, size, _MTIME
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def write(path: pathlib.Path, tree: str, files: dict) -> None:
    """`files` maps a path below the top-level directory `tree` to its content."""
    folders = {tree}
    for name in files:
        parents = pathlib.PurePosixPath(tree, name).parents
        folders.update(str(parent) for parent in parents if str(parent) != ".")
    with open(path, "wb") as raw, \
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as zipped, \
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for folder in sorted(folders):
            out.addfile(_entry(folder, tarfile.DIRTYPE, 0o755, 0))
        for name in sorted(files):
            mode = 0o755 if name.startswith("bin/") else 0o644
            content = files[name]
            out.addfile(_entry(f"{tree}/{name}", tarfile.REGTYPE, mode, len(content)),
                        io.BytesIO(content))


def read(path: pathlib.Path) -> dict:
    """The files of an archive made by `write`, as it took them."""
    files = {}
    with tarfile.open(path, "r:gz") as source:
        for entry in source:
            if entry.isfile():
                files[entry.name.split("/", 1)[1]] = source.extractfile(entry).read()
    return files


def sha512(path: pathlib.Path) -> str:
    digest = hashlib.sha512()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
