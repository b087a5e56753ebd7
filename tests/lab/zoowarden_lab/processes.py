"""Finding and ending processes by pid and start time, so that a reused pid is never hit."""

import dataclasses
import os
import pathlib
import signal
import time


@dataclasses.dataclass(frozen=True)
class Process:
    """One process; `born` is its start time in clock ticks since boot."""
    pid: int
    born: int

    def alive(self) -> bool:
        """False for a zombie too: nothing is left of it but its exit status."""
        return self == find(self.pid)

    def signal(self, number: int) -> None:
        """Sends the signal unless the process has gone. The pidfd closes the race with reuse."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():
                signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(descriptor)

    def words(self) -> list:
        """Its command line, empty when it has gone."""
        try:
            raw = pathlib.Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return []
        return [os.fsdecode(word) for word in raw.split(b"\0")[:-1]]

    def environment(self) -> dict:
        """What it was started with, empty when that may not be read."""
        try:
            raw = pathlib.Path(f"/proc/{self.pid}/environ").read_bytes()
        except OSError:
            return {}
        pairs = (os.fsdecode(word).partition("=") for word in raw.split(b"\0") if word)
        return {name: value for name, _, value in pairs}


def _stat(pid: int) -> list:
    """The fields of /proc/PID/stat from the state on; the name before may hold anything."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


def find(pid: int):
    """The living process with this pid, or None.

    The first thread of a killed process can be a zombie while others still hold its files open.
    """
    try:
        fields = _stat(pid)
        if fields[0] in "ZX" and len(os.listdir(f"/proc/{pid}/task")) <= 1:
            return None
    except (OSError, IndexError):
        return None
    return Process(pid, int(fields[19]))


def state(pid: int) -> str:
    """The letter of /proc/PID/stat: "T" is stopped by a signal; "" when it has gone."""
    try:
        return _stat(pid)[0]
    except (OSError, IndexError):
        return ""


def _status(pid: int) -> dict:
    """Name → value of /proc/PID/status, empty when it has gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def namespaced(pid: int) -> list:
    """Its pid here and in each pid namespace below, outermost first, as texts."""
    return _status(pid).get("NSpid", "").split()


def user(pid: int) -> int:
    """The user it acts as; -1 when it has gone."""
    return int(_status(pid).get("Uid", "-1 -1").split()[1])


def _parent(pid: int) -> int:
    return int(_status(pid).get("PPid", "0"))


def first_of_namespace(parent: int) -> int:
    """The child of this process that is the first process of a pid namespace; 0 without one."""
    for process in everything():
        numbers = namespaced(process.pid)
        if len(numbers) > 1 and numbers[-1] == "1" and _parent(process.pid) == parent:
            return process.pid
    return 0


def everything() -> list:
    found = (find(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process]


def ancestors() -> set:
    """The pids of this process and of all above it."""
    pids, pid = set(), os.getpid()
    while pid > 0 and pid not in pids:
        pids.add(pid)
        try:
            pid = int(_stat(pid)[1])
        except OSError:
            break
    return pids


def wait_gone(processes, seconds: float) -> list:
    """Those still alive after at most that long."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if process.alive()]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if process.alive()]
    return left


def end(processes, grace: float) -> list:
    """Ends them: asks first when there is a grace time, then by SIGKILL. Returns the survivors."""
    left = list(processes)
    if grace > 0:
        for process in left:
            process.signal(signal.SIGTERM)
            process.signal(signal.SIGCONT)
        left = wait_gone(left, grace)
    for process in left:
        process.signal(signal.SIGKILL)
    return wait_gone(left, 10)
