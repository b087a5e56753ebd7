"""How long a fleet of a thousand agents takes to say how it is.

The agents have no ZooKeeper behind them: what is measured is the asking, not the servers. Every
fifth is a process of zoowarden-agent; the others are agents of the same code, fifty to a process
(tests/bench/fleet_agents.cc). Each process has a table of processes of its own where that can be
had (root), as if it were alone on its host.
"""

import concurrent.futures
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from .errors import LabError
from .layout import program
from .run import run

_SIZES = (10, 30, 100, 300, 1000)
_SERVERS = 5  # of an ensemble: one a process of its own, four hosted
_TOGETHER = 50
_COLD, _WARM = 5, 15
_PORT = 17443


def _address(ensemble: int, server: int) -> str:
    return f"127.{201 + ensemble // 200}.{ensemble % 200 + 1}.{server}"


def _listens(address) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


class _Fleet:
    """Agents and their ensembles' files below one directory."""

    def __init__(self, directory: pathlib.Path, agents: int):
        self.directory = directory
        self.ensembles = agents // _SERVERS
        self._children = []

    def _folder(self, ensemble: int) -> pathlib.Path:
        return self.directory / f"e{ensemble:03}"

    def _write_agent(self, ensemble: int, server: int) -> None:
        folder = self._folder(ensemble) / str(server)
        for name in ("state", "releases", "generations", "data", "logs"):
            (folder / name).mkdir(mode=0o755, parents=True)
        pki = folder / "pki"
        (folder / "agent.yaml").write_text(
            f"ensemble: e{ensemble:03}\nserver: {server}\n"
            f"listen: {_address(ensemble, server)}:{_PORT}\n"
            f"pki: {{ca: {pki}/ca.pem, certificate: {pki}/cert.pem, key: {pki}/key.pem}}\n"
            f"state_directory: {folder}/state\n"
            f"instance: {{releases: {folder}/releases, generations: {folder}/generations,\n"
            f"  data_directory: {folder}/data, log_directory: {folder}/logs, manager: zkserver}}\n"
            f"signatures: {{required: false}}\n", encoding="utf-8")

    def _write_ensemble(self, ensemble: int) -> None:
        folder = self._folder(ensemble)
        folder.mkdir()
        servers = "".join(
            f"  - {{id: {server}, host: {_address(ensemble, server)}, "
            f"agent: '{_address(ensemble, server)}:{_PORT}'}}\n"
            for server in range(1, _SERVERS + 1))
        (folder / "ensemble.yaml").write_text(
            f"ensemble: e{ensemble:03}\nrelease: {{version: 3.9.4, source: none.tar.gz, "
            f"sha512: {'a' * 128}}}\nservers:\n{servers}", encoding="utf-8")
        tool = program("zoowarden")
        authority = folder / "pki"
        run([tool, "pki", "init", "--dir", authority, "--ensemble", f"e{ensemble:03}"])
        run([tool, "pki", "issue", "--dir", authority, "--role", "operator", "--out",
             folder / "operator"])
        for server in range(1, _SERVERS + 1):
            self._write_agent(ensemble, server)
            run([tool, "pki", "issue", "--dir", authority, "--role", "agent", "--server", server,
                 "--out", folder / str(server) / "pki"])

    def write(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self._write_ensemble, range(self.ensembles)))
        for size in _SIZES:
            if size <= self.ensembles * _SERVERS:
                self._write_fleet(size)

    def _write_fleet(self, size: int) -> None:
        files = "".join(f"  - {{files: {self._folder(ensemble)}/ensemble.yaml}}\n"
                        for ensemble in range(size // _SERVERS))
        self.file(size).write_text(
            f"fleet: bench\npki: {self.directory}/{{ensemble}}/operator\nensembles:\n{files}",
            encoding="utf-8")

    def file(self, size: int) -> pathlib.Path:
        return self.directory / f"fleet-{size}.yaml"

    def _start(self, command) -> None:
        alone = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        words = [*(alone if os.geteuid() == 0 else []), *map(str, command)]
        with open(self.directory / "agents.log", "ab") as log:
            self._children.append(subprocess.Popen(  # pylint: disable=consider-using-with
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def start(self) -> dict:
        """All agents; returns when each port takes connections, with how many are of which kind."""
        hosted = [self._folder(ensemble) / str(server) / "agent.yaml"
                  for ensemble in range(self.ensembles) for server in range(2, _SERVERS + 1)]
        for ensemble in range(self.ensembles):
            self._start([program("zoowarden-agent"), "--config",
                         self._folder(ensemble) / "1" / "agent.yaml"])
        groups = [hosted[at:at + _TOGETHER] for at in range(0, len(hosted), _TOGETHER)]
        for group in groups:
            self._start([program("zoowarden-fleet-agents"), *group])
        return {"agent_processes": self.ensembles, "hosted_agents": len(hosted),
                "hosting_processes": len(groups)}

    def status(self, size: int, *words) -> list:
        return [str(program("zoowarden")), "fleet", "status", "--fleet", str(self.file(size)),
                "--state", str(self.directory / "controller"), "-o", "json", *words]

    def wait_listening(self, seconds: float) -> None:
        """Until every agent takes connections."""
        deadline = time.monotonic() + seconds
        for ensemble in range(self.ensembles):
            for server in range(1, _SERVERS + 1):
                address = (_address(ensemble, server), _PORT)
                while not _listens(address):
                    if time.monotonic() > deadline:
                        raise LabError(f"nobody listens at {address}: see "
                                       f"{self.directory}/agents.log")
                    time.sleep(0.2)

    def cpu_seconds(self) -> float:
        """Of all agents, so far."""
        seconds = 0.0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                if str(self.directory).encode() in words and b"agent" in words:
                    seconds += _cpu_of(int(pid))
            except (OSError, IndexError):  # it has gone
                continue
        return seconds

    def stop(self) -> None:
        for child in self._children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
        for child in self._children:
            child.wait()


def _cold(fleet: _Fleet, size: int) -> dict:
    """The command from its start to its end: reading files, connecting, asking, printing."""
    taken, used, answered, peak = [], [], [], 0
    for _ in range(_COLD):
        before = fleet.cpu_seconds()
        began = time.monotonic()
        with subprocess.Popen(fleet.status(size), stdout=subprocess.PIPE) as child:
            answered.append(json.loads(child.stdout.read())["answered"])
            _, _, usage = os.wait4(child.pid, 0)
            child.returncode = 0
        taken.append(time.monotonic() - began)
        used.append((usage.ru_utime + usage.ru_stime, fleet.cpu_seconds() - before))
        peak = max(peak, usage.ru_maxrss)
    return {"cold_s": statistics.median(taken), "cold_worst_s": max(taken),
            "cold_controller_cpu_s": statistics.median(ours for ours, _ in used),
            "cold_agents_cpu_s": statistics.median(theirs for _, theirs in used),
            "cold_answered_least": min(answered), "controller_peak_mib": peak / 1024}


def _cpu_of(pid: int) -> float:
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    fields = text.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _answer(child) -> tuple:
    answer = json.loads(child.stdout.readline())
    return answer["took_ms"] / 1000, answer["answered"]


def _warm(fleet: _Fleet, size: int) -> dict:
    """Answers of one process on the connections that it has."""
    with subprocess.Popen(fleet.status(size, "--every", "300ms"), stdout=subprocess.PIPE) as child:
        try:
            _answer(child)  # the cold one
            before, agents_before = _cpu_of(child.pid), fleet.cpu_seconds()
            answers = [_answer(child) for _ in range(_WARM)]
            used = _cpu_of(child.pid) - before
            agents_used = fleet.cpu_seconds() - agents_before
        finally:
            child.kill()
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
    taken = [seconds for seconds, _ in answers]
    return {"warm_s": statistics.median(taken), "warm_worst_s": max(taken),
            "warm_answered_least": min(answered for _, answered in answers),
            "warm_controller_cpu_s": used / _WARM, "warm_agents_cpu_s": agents_used / _WARM,
            "controller_watching_mib": usage.ru_maxrss / 1024}


def _line(points) -> dict:
    """Least squares of seconds over agents, and how much of the spread it explains."""
    count = len(points)
    mean_x, mean_y = (sum(one[i] for one in points) / count for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    base = mean_y - slope * mean_x
    left = sum((y - base - slope * x) ** 2 for x, y in points)
    all_of_it = sum((y - mean_y) ** 2 for _, y in points)
    return {"ms_an_agent": slope * 1000, "ms_at_none": base * 1000,
            "r_squared": 1 - left / all_of_it if all_of_it else 1.0}


def fleet(arguments) -> dict:
    del arguments
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="zoowarden-fleet-") as name:
        made = _Fleet(pathlib.Path(name), max(_SIZES))
        try:
            made.write()
            kinds = made.start()
            made.wait_listening(300)
            time.sleep(5)  # what starting them left to do
            curve = []
            for size in _SIZES:
                curve.append({"agents": size, **_cold(made, size), **_warm(made, size)})
                print(curve[-1], flush=True)
        finally:
            made.stop()
    return {**kinds, "load_before": load, "curve": curve,
            "cold_line": _line([(one["agents"], one["cold_s"]) for one in curve]),
            "warm_line": _line([(one["agents"], one["warm_s"]) for one in curve])}
