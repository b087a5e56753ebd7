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
    """A fresh directory that becomes `target` when the block ends well, and is gone otherwise.

    The caller holds the lock for `target`; what a killed maker left behind is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f".new-{target.name}")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o700)
    try:
        yield made
        made.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


_TEMPORARY = "zwlab-"


@contextlib.contextmanager
def short_temporary_directory():
    """A private directory with a short path: the agent of gpg keeps a socket in its home."""
    made = tempfile.mkdtemp(prefix=f"{_TEMPORARY}{os.getpid()}-", dir="/tmp")
    try:
        yield pathlib.Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep_temporary_directories() -> None:
    """Removes what killed programs of this user left behind."""
    for path in pathlib.Path("/tmp").glob(f"{_TEMPORARY}*-*"):
        pid = path.name[len(_TEMPORARY):].partition("-")[0]
        if pid.isdigit() and not pathlib.Path(f"/proc/{pid}").exists():
            if path.lstat().st_uid == os.getuid():
                shutil.rmtree(path, ignore_errors=True)
