"""What `verify --deep` costs: seconds and memory for a tree of that many znodes."""

import os
import subprocess
import time

from . import agents, command, process_costs, probes, zkclient
from .errors import LabError
from .layout import CLIENT_PORT, program
from .scratch_lab import scratch_lab

_VERSION = "3.9.4"
_IN_A_DIRECTORY = 1_000
_DATA = b"0123456789" * 10


def _fill(lab, znodes: int) -> float:
    """Directories of a thousand, each in one transaction; returns the seconds that took."""
    began = time.monotonic()
    leader = lab.server(probes.leader(lab))
    with zkclient.Client(leader.host, CLIENT_PORT) as zk:
        zk.create("/bench")
        for directory in range(znodes // _IN_A_DIRECTORY):
            name = f"/bench/{directory:06}"
            below = (f"{name}/{number:06}" for number in range(1, _IN_A_DIRECTORY))
            zk.create_many([name, *below], _DATA)
    return time.monotonic() - began


def _verify(lab, rate: int) -> dict:
    processes = [agents.find(server) for server in lab.servers]
    members = [agents.find_zookeeper(server) for server in lab.servers]
    for process in processes:
        process_costs.start_peak(process)
    before = [process_costs.cpu_seconds(process) for process in processes + members]
    words = [program("zoowarden"), "verify", "--deep", "--rate", str(rate), "-o", "json"]
    with subprocess.Popen(words, env=lab.process_environment(), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as child:
        text = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    outcome = command.Outcome(tuple(words), child.returncode, text.decode(), "")
    if outcome.code != command.SUCCEEDED:
        raise LabError(str(outcome))
    deep = outcome.json["deep"]
    spent = [process_costs.cpu_seconds(process) - old
             for process, old in zip(processes + members, before)]
    return {"znodes": deep["znodes"], "seconds": deep["seconds"],
            "znodes_a_second": deep["znodes"] / deep["seconds"],
            "controller_peak_rss_mib": used.ru_maxrss / 1024,
            "controller_cpu_seconds": used.ru_utime + used.ru_stime,
            "agent_peak_rss_mib": max(process_costs.of_status(one, "VmHWM") / 1024
                                      for one in processes),
            "agent_cpu_seconds": max(spent[:len(processes)]),
            "member_cpu_seconds": max(spent[len(processes):])}


def verify(arguments) -> dict:
    with scratch_lab(version=_VERSION, heap="1g") as lab:
        small = _verify(lab, 0)  # the same with next to nothing, so that the difference is the tree
        filled = _fill(lab, arguments.znodes)
        load = os.getloadavg()[0]
        return {"fill_seconds": filled, "load_average_before": load, "empty": small,
                "full": _verify(lab, arguments.rate)}
