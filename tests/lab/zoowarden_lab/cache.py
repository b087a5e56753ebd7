"""The directory outside the source tree that keeps what is slow to make.

Two builds may use it at once: whoever makes something holds that thing's lock, makes it under a
temporary name and renames it into place, so a reader sees all of it or nothing.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile


def root() -> pathlib.Path:
    """ZOOWARDEN_LAB_CACHE, or zoowarden-lab below the user's cache directory."""
    explicit = os.environ.get("ZOOWARDEN_LAB_CACHE")
    if explicit:
        return pathlib.Path(explicit).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base).absolute() / "zoowarden-lab"


@contextlib.contextmanager
def lock(name: str):
    """Holds the named lock, waiting for it as long as another process has it."""
    path = root() / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def staging(target: pathlib.Path):
    """A fresh directory that becomes `target` when the block ends well, and is gone otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = pathlib.Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        yield made
        made.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def short_temporary_directory():
    """A private directory with a short path: the agent of gpg keeps a socket in its home."""
    made = tempfile.mkdtemp(prefix="zwlab-", dir="/tmp")
    try:
        yield pathlib.Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
