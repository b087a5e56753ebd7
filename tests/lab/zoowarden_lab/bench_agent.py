"""What an agent costs: memory and processor when idle, time to be ready, and during an upgrade."""

import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import time

from . import agents, archive, command, keys, probes, process_costs, recipes, releases
from .errors import LabError
from .layout import program
from .scratch_lab import scratch_lab

_FROM, _TO = "3.8.4", "3.9.4"
_ARCHIVE_BYTES = 30 << 20
_STARTS = 10


def _memory(process) -> dict:
    text = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    found = dict(re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE))
    return {"rss_mib": int(found["Rss"]) / 1024, "pss_mib": int(found["Pss"]) / 1024,
            "anonymous_mib": int(found["Anonymous"]) / 1024}


def _idle(lab, seconds: int) -> dict:
    processes = [agents.find(server) for server in lab.servers]
    before = [process_costs.cpu_seconds(process) for process in processes]
    awake = max(_memory(process)["rss_mib"] for process in processes)
    time.sleep(seconds)
    used = [process_costs.cpu_seconds(process) - old for process, old in zip(processes, before)]
    memory = [_memory(process) for process in processes]
    return {"idle_seconds": seconds, "rss_after_a_call_mib": awake,
            "rss_mib": max(one["rss_mib"] for one in memory),
            "pss_mib": max(one["pss_mib"] for one in memory),
            "anonymous_mib": max(one["anonymous_mib"] for one in memory),
            "threads": max(process_costs.of_status(process, "Threads") for process in processes),
            "cpu_percent_of_a_core": [100 * one / seconds for one in used]}


def _padded(directory: pathlib.Path) -> pathlib.Path:
    """The release with so much in it that does not compress that its archive has the full size."""
    real = releases.get(_TO)
    files = archive.read(real.path)
    files["docs/padding"] = os.urandom(_ARCHIVE_BYTES - real.path.stat().st_size)
    path = directory / recipes.archive_name(_TO)
    archive.write(path, recipes.tree_name(_TO), files)
    keys.sign(path, path.with_name(path.name + ".asc"))
    return path


def _upgrade(lab) -> dict:
    path = _padded(lab.directory)
    processes = [agents.find(server) for server in lab.servers]
    for process in processes:
        process_costs.start_peak(process)
    before = [process_costs.cpu_seconds(process) for process in processes]
    outcome = command.run(lab, "upgrade", "--to", _TO, "--release", path, "--yes", seconds=600)
    if outcome.code != command.SUCCEEDED:
        raise LabError(str(outcome))
    return {"archive_mib": path.stat().st_size / (1 << 20),
            "upgrade_peak_rss_mib": max(process_costs.of_status(one, "VmHWM") / 1024 for one in processes),
            "upgrade_cpu_seconds": [process_costs.cpu_seconds(process) - old
                                    for process, old in zip(processes, before)]}


def _listening_after(server) -> float:
    """Milliseconds from starting the program to its port taking connections."""
    with open(server.agent_log, "ab") as log:
        began = time.monotonic()
        child = subprocess.Popen(  # pylint: disable=consider-using-with  (ended by the lab)
            [program("zoowarden-agent"), "--config", server.agent_config], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True)
    while child.poll() is None and time.monotonic() - began < 30:
        with socket.socket() as probe:
            if probe.connect_ex((server.host, probes.AGENT_PORT)) == 0:
                return (time.monotonic() - began) * 1000
    raise LabError(f"the agent of server {server.id} did not listen: {agents.last_words(server)}")


def _ready(server) -> dict:
    taken = []
    for _ in range(_STARTS):
        process = agents.find(server)
        process.signal(signal.SIGTERM)
        probes.wait_until(lambda old=process: not old.alive(), 30, "the agent ends")
        taken.append(_listening_after(server))
    return {"ready_ms": statistics.median(taken), "ready_worst_ms": max(taken)}


def agent(arguments) -> dict:
    with scratch_lab(version=_FROM) as lab:
        command.run(lab, "status")  # an agent that has spoken once, as in real life
        return {**_idle(lab, arguments.seconds), **_upgrade(lab), **_ready(lab.servers[0])}
