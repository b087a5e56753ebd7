"""Control groups of hosts. Each host has one of its own in every hierarchy that systemd uses: two
hosts in one group would take each other's services for theirs."""

import pathlib
import shlex

from . import processes

_MOUNTS = pathlib.Path("/sys/fs/cgroup")


def _hierarchies() -> list:
    """The unified one alone, or with systemd's own beside it where version 1 is mounted too."""
    if (_MOUNTS / "cgroup.controllers").exists():
        return [_MOUNTS]
    return [path for path in (_MOUNTS / "systemd", _MOUNTS / "unified") if path.is_dir()]


def entering(name: str, command: list) -> list:
    """The command line that starts the command in the group of that name."""
    lines = []
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        lines.append(f"echo $$ > {shlex.quote(str(hierarchy / name / 'cgroup.procs'))}")
    return ["sh", "-c", " && ".join([*lines, 'exec "$@"']), "sh", *map(str, command)]


def processes_in(name: str) -> list:
    pids = set()
    for hierarchy in _hierarchies():
        for listing in (hierarchy / name).glob("**/cgroup.procs"):
            try:
                pids.update(int(word) for word in listing.read_text(encoding="ascii").split())
            except OSError:
                continue  # the group has just gone
    return [process for process in map(processes.find, sorted(pids)) if process]


def remove(prefix: str) -> None:
    """Removes the groups whose name begins so; their processes have ended before."""
    for hierarchy in _hierarchies():
        groups = [path for top in hierarchy.glob(f"{prefix}*") for path in [top, *top.glob("**/")]]
        for path in sorted(set(groups), key=lambda group: len(group.parts), reverse=True):
            path.rmdir()
