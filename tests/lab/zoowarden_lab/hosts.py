"""Hosts of a lab: machines of their own with systemd as their first process, by systemd-nspawn.

A host is a cheap copy of the image (host_image) with an address of its own (host_network) below
DIRECTORY/hosts/ID. `kill` is a power loss as far as processes are concerned: what was written but
not synced survives it, as this machine's kernel lives on.
"""

import dataclasses
import os
import pathlib
import signal
import subprocess

from . import host_cgroup, host_image, host_network, mounts, probes, processes
from .errors import LabError
from .layout import PROCESS_MARK, Server
from .run import run

_NSPAWN = pathlib.Path("/run/systemd/nspawn")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclasses.dataclass(frozen=True)
class Host:
    """One machine. Nothing is remembered but its place: what runs is looked up."""
    id: int
    lab: pathlib.Path

    @property
    def directory(self) -> pathlib.Path:
        return self.lab / "hosts" / str(self.id)

    @property
    def root(self) -> pathlib.Path:
        """Its files as this machine sees them, without what it mounts itself, such as /run."""
        return self.directory / "root"

    @property
    def address(self) -> str:
        return host_network.address(self.id)

    @property
    def network(self) -> host_network.Network:
        return host_network.Network(self.lab)

    @property
    def _name(self) -> str:
        return self.network.namespace(self.id)

    # --- its life

    def create(self, image: pathlib.Path) -> None:
        """The copy of the image, not booted yet."""
        for name in ("root", "changes", "work"):
            (self.directory / name).mkdir(parents=True)
        run(["mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={_escaped(image)},upperdir={_escaped(self.directory / 'changes')},"
             f"workdir={_escaped(self.directory / 'work')}", self.root])
        (self.root / "etc/hostname").write_text(f"zk{self.id}\n", encoding="ascii")
        hosts = "".join(f"{host_network.address(n)} zk{n}\n" for n in range(1, 100))
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{hosts}", encoding="ascii")
        self.network.add(self.id)

    def boot(self, seconds: float = 60) -> None:
        """Returns when every unit of it has started; LabError with the units that have not."""
        if self._supervisor():
            raise LabError(f"host {self.id} runs already")
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot",
                   "--directory", self.root, "--machine", self._name, "--console=pipe",
                   "--kill-signal=SIGRTMIN+3", "--resolv-conf=off", "--timezone=off",
                   f"--network-namespace-path={self.network.path(self.id)}"]
        with open(self.directory / "console.log", "ab") as log:
            subprocess.Popen(  # pylint: disable=consider-using-with  (it outlives this program)
                host_cgroup.entering(self._name, command), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
                env={**os.environ, PROCESS_MARK: str(self.lab)})
        probes.wait_until(self._booted, seconds, f"host {self.id} boots; see {log.name}")

    def _booted(self) -> bool:
        if not self._first_process():
            return False
        state = self._attempt(["systemctl", "is-system-running", "--wait"]).stdout.strip()
        if state == "degraded":
            failed = self.run(["systemctl", "--failed", "--plain", "--no-legend"])
            raise LabError(f"host {self.id} booted, but not all of it: {failed}")
        return state == "running"

    def poweroff(self, seconds: float = 60) -> None:
        """An orderly end: its units are stopped."""
        supervisor = self._running()
        self._attempt(["systemctl", "poweroff"])
        probes.wait_until(lambda: not supervisor.alive(), seconds, f"host {self.id} powers off")

    def kill(self) -> None:
        """All its processes end at once, none of them is asked."""
        first, supervisor = self._first_process(), self._running()
        if first:
            os.kill(first, signal.SIGKILL)  # the kernel ends all of its namespace with it
        supervisor.signal(signal.SIGKILL)
        probes.wait_until(lambda: not supervisor.alive() and not self.processes(), 20,
                          f"host {self.id} is dead")

    def runs(self) -> bool:
        return self._supervisor() is not None

    # --- what one does on it

    def run(self, command, *, data=None, seconds: float = 120, environment=None) -> str:
        """Standard output of a program that root runs there; LabError when it fails."""
        return run(self.entering(command, environment), data=data, timeout=seconds)

    def entering(self, command, environment=None) -> list:
        """The command line that does it there, for a program in the background."""
        first = self._first_process()
        if not first:
            raise LabError(f"host {self.id} does not run: boot it")
        variables = {"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **(environment or {})}
        return ["nsenter", "--target", str(first), "--all", "--wdns=/", "env", "-i",
                *(f"{name}={value}" for name, value in variables.items()), *map(str, command)]

    def _attempt(self, command) -> subprocess.CompletedProcess:
        return subprocess.run(self.entering(command), stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")

    def put(self, source, target, mode: str = "0644", owner: str = "root") -> None:
        """Copies a file of this machine to the host, with the directories that it needs."""
        self.write(target, pathlib.Path(source).read_bytes(), mode, owner)

    def write(self, target, content, mode: str = "0644", owner: str = "root") -> None:
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        done = subprocess.run(
            self.entering(["install", "-D", "-m", mode, "-o", owner, "/dev/stdin", target]),
            input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise LabError(f"{target} of host {self.id} cannot be written: "
                           f"{done.stdout.decode('utf-8', 'replace')}")

    def read(self, path) -> str:
        return self.run(["cat", path])

    def exists(self, path) -> bool:
        return self._attempt(["test", "-e", path]).returncode == 0

    def journal(self, unit: str) -> str:
        """What the unit wrote, since the host was made."""
        return self.run(["journalctl", "--no-pager", "--output=cat", "--unit", unit])

    def unit(self, name: str, key: str) -> str:
        """One property of a unit, ActiveState for one."""
        return self.run(["systemctl", "show", "--value", "--property", key, name]).strip()

    def install(self, *packages) -> str:
        """Installs or upgrades .deb files; what they depend on is in the image."""
        names = []
        for package in map(pathlib.Path, packages):
            names.append(f"/var/cache/lab/{package.name}")
            self.put(package, names[-1])
        return self.run(["dpkg", "--install", *names],
                        environment={"DEBIAN_FRONTEND": "noninteractive"})

    # --- what runs there, as this machine sees it

    def processes(self) -> list:
        return host_cgroup.processes_in(self._name)

    def main_process(self, unit: str):
        """The main process of a unit, or None."""
        wanted = self.unit(unit, "MainPID")
        found = (process for process in self.processes()
                 if processes.namespaced(process.pid)[-1:] == [wanted])
        return next(found, None) if wanted != "0" else None

    def zookeeper(self):
        """The JVM of its server, or None; two of these tell whether it was restarted."""
        return next((process for process in self.processes()
                     if any(word.endswith("QuorumPeerMain") for word in process.words())), None)

    def _supervisor(self):
        """The systemd-nspawn that holds it."""
        for process in processes.everything():
            words = process.words()
            if words and words[0] == "systemd-nspawn" and str(self.root) in words:
                return process
        return None

    def _running(self):
        supervisor = self._supervisor()
        if not supervisor:
            raise LabError(f"host {self.id} does not run")
        return supervisor

    def _first_process(self) -> int:
        """The pid here of its first process; 0 while it has none."""
        supervisor = self._supervisor()
        return processes.first_of_namespace(supervisor.pid) if supervisor else 0


def _escaped(path: pathlib.Path) -> str:
    """As overlayfs reads its options."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def of(server: Server) -> Host:
    return Host(server.id, server.directory.parents[1])


def start(lab: pathlib.Path, count: int, extra: tuple = ()) -> list:
    """Boots new hosts with ids from 1 on, for the lab in that directory; `down` ends them.

    `extra` names Debian packages that they have besides what the image always has.
    """
    image = host_image.get(extra)
    host_network.Network(lab).create_hub()
    made = [Host(number, lab) for number in range(1, count + 1)]
    for host in made:
        host.create(image)
        host.boot()
    return made


def remove(lab: pathlib.Path) -> None:
    """What hosts leave outside their directory: mounts, control groups, network, nspawn's notes."""
    network = host_network.Network(lab)
    for point in map(pathlib.Path, mounts.below(lab)):
        status = point.stat()
        (_NSPAWN / "locks" / f"inode-{status.st_dev}:{status.st_ino}").unlink(missing_ok=True)
    for path in (_NSPAWN / "propagate").glob(f"{network.hub}-*"):
        path.rmdir()
    mounts.unmount_below(lab)
    host_cgroup.remove(network.hub)
    network.remove()
