"""Ending a lab: every process that it started or that serves its directories, and its files.

Works after a crash of anything, for it looks at what runs and not at what was noted; doing it
twice does no harm.
"""

import os
import pathlib
import re
import shutil

from . import blocks, cache, host_network, hosts, layout, processes
from .errors import LabError

# The state file last: while it is there, down can be repeated.
_OWN_ENTRIES = ("agents", "bin", "ensemble.yaml", "env", "hosts", "operator", "pki", "state",
                "viewer", layout.STATE_FILE)


def _names(words: list, directory: pathlib.Path) -> bool:
    """Whether a word of the command line is a path below the directory."""
    below = re.compile(r"(^|[=:,])" + re.escape(str(directory)) + "/")
    return any(below.search(word) for word in words)


def _belongs(process: processes.Process, directory: pathlib.Path) -> bool:
    words = process.words()
    if not words:
        return False
    environment = process.environment()
    if environment.get(layout.PROCESS_MARK) == str(directory):
        return True
    name = os.path.basename(words[0])
    if name.startswith("zoowarden"):
        return (_names(words, directory)
                or environment.get(layout.DIRECTORY_MARK) == str(directory))
    scripts = ("zkServer.sh", "zoowarden-lab-reaper")
    started_by_script = any(word.endswith(scripts) for word in words)
    return (name == "java" or started_by_script) and _names(words, directory)


def _find(directory: pathlib.Path) -> list:
    mine = processes.ancestors()
    found = [process for process in processes.everything() if _belongs(process, directory)]
    found += host_network.Network(directory).processes()
    return [process for process in dict.fromkeys(found) if process.pid not in mine]


def _end_processes(directory: pathlib.Path) -> None:
    """Agents and controllers first and politely, so that none of them starts a server again."""
    found = _find(directory)
    ours = [process for process in found
            if os.path.basename(process.words()[:1][0] if process.words() else "") != "java"]
    processes.end(ours, grace=3)
    for _ in range(20):
        left = _find(directory)
        if not left:
            return
        processes.end(left, grace=0)
    pids = ", ".join(str(process.pid) for process in _find(directory))
    raise LabError(f"processes of the lab in {directory} could not be ended: {pids}")


def _remove_files(directory: pathlib.Path) -> None:
    for name in _OWN_ENTRIES:
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    try:
        directory.rmdir()
    except OSError:
        pass  # something of the user's is in it


def down(directory, keep_files: bool = False) -> None:
    """Ends the lab in `directory`; harmless where there is none."""
    directory = layout.absolute(directory)
    if len(directory.parts) < 3:
        raise LabError(f"{directory} cannot be a lab's directory")
    _end_processes(directory)
    hosts.remove(directory)
    cache.sweep_temporary_directories()
    blocks.release_all(directory)
    if (directory / layout.STATE_FILE).exists() and not keep_files:
        _remove_files(directory)
