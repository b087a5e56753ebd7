"""Measurements of Zoowarden: the roll and the status command on real servers; all as reports."""

import json
import os
import pathlib
import platform
import re
import statistics
import time

from . import agents, bench_agent, bench_fleet, bench_plan, bench_verify, command, members, probes, run
from .errors import LabError
from .layout import Lab
from .scratch_lab import scratch_lab

_VERSION = "3.9.4"
_SETTING = "globalOutstandingLimit"  # changing it restarts every server and changes nothing else


def _lab(**options):
    return scratch_lab(version=_VERSION, settings=((_SETTING, "1000"),), **options)


def _change_setting(lab: Lab, value: int) -> None:
    text = lab.ensemble_file.read_text(encoding="utf-8")
    changed, count = re.subn(rf'({_SETTING}: )"\d+"', rf'\g<1>"{value}"', text)
    if count != 1:
        raise LabError(f"{_SETTING} is not in {lab.ensemble_file}")
    lab.ensemble_file.write_text(changed, encoding="utf-8")


def _roll_by_zoowarden(lab: Lab, number: int) -> float:
    _change_setting(lab, 1001 + number)
    began = time.monotonic()
    outcome = command.run(lab, "apply", "--yes", seconds=300)
    seconds = time.monotonic() - began
    if outcome.code != command.SUCCEEDED:
        raise LabError(str(outcome))
    return seconds


def _restart_jvm(server) -> None:
    """The fastest there is: nothing between the loop and the JVM."""
    remembered = members.remember(server)
    members.stop(server)
    members.start(server, remembered)


def _restart_by_script(server) -> None:
    """What operators type: `zkServer.sh stop`, `zkServer.sh start`."""
    remembered = members.remember(server)
    configuration = pathlib.Path(remembered["words"][-1])
    script = configuration.parents[1] / "release" / "bin" / "zkServer.sh"
    # A JVM that the other loop started is in no pid file.
    pid_file = pathlib.Path(remembered["environment"]["ZOOPIDFILE"])
    pid_file.write_text(str(agents.find_zookeeper(server).pid), encoding="ascii")
    for word in ("stop", "start"):
        run.run([script, word, configuration], env=remembered["environment"])


def _roll_by_loop(lab: Lab, restart) -> float:
    """Followers first, each restarted and waited for until it serves; no gate of any kind."""
    began = time.monotonic()
    leader = probes.leader(lab)
    for server in sorted(lab.servers, key=lambda one: one.id == leader):
        restart(server)
        members.wait_serving(server)
    return time.monotonic() - began


def _phases(lab: Lab) -> dict:
    """Seconds a kind of event took in the newest run, as its own journal tells."""
    runs = command.run(lab, "runs", "list", "-o", "json").json["runs"]
    shown = command.run(lab, "runs", "show", runs[0]["id"], "-o", "json").json
    events = shown["events"]
    spent = {}
    for event, following in zip(events, events[1:]):
        taken = (following["time_ms"] - event["time_ms"]) / 1000
        spent[event["kind"]] = round(spent.get(event["kind"], 0) + taken, 3)
    return spent


def roll(arguments) -> dict:
    ours, script, jvm = [], [], []
    with _lab(soak="0s") as lab:
        for number in range(arguments.pairs):
            steps = [lambda: ours.append(_roll_by_zoowarden(lab, number)),
                     lambda: script.append(_roll_by_loop(lab, _restart_by_script)),
                     lambda: jvm.append(_roll_by_loop(lab, _restart_jvm))]
            for step in steps if number % 2 == 0 else reversed(steps):
                step()
                probes.wait_serving(lab)
            print(f"pair {number + 1}: zoowarden {ours[-1]:.2f} s, loop of zkServer.sh "
                  f"{script[-1]:.2f} s, loop of bare JVMs {jvm[-1]:.2f} s", flush=True)
        phases = _phases(lab)
    median = {"zoowarden": statistics.median(ours), "zkserver_loop": statistics.median(script),
              "jvm_loop": statistics.median(jvm)}
    return {"zoowarden_seconds": ours, "zkserver_loop_seconds": script, "jvm_loop_seconds": jvm,
            "medians_s": median,
            "ratio_to_zkserver_loop": median["zoowarden"] / median["zkserver_loop"],
            "ratio_to_jvm_loop": median["zoowarden"] / median["jvm_loop"],
            "last_run_phases_s": phases}


def status(arguments) -> dict:
    del arguments
    taken = []
    with _lab() as lab:
        for _ in range(20):
            began = time.monotonic()
            outcome = command.run(lab, "status", "-o", "json")
            taken.append((time.monotonic() - began) * 1000)
            if outcome.code != command.SUCCEEDED:
                raise LabError(str(outcome))
    return {"status_ms": taken, "median_ms": statistics.median(taken), "worst_ms": max(taken)}


BENCHES = {"roll": roll, "status": status, "agent": bench_agent.agent,
           "fleet": bench_fleet.fleet,
           "plan": bench_plan.plan, "verify": bench_verify.verify}


def _rounded(value):
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def main(arguments) -> int:
    found = _rounded(BENCHES[arguments.name](arguments))
    report = {"format": 1, "bench": arguments.name, "cores": os.cpu_count(),
              "kernel": platform.release(), **found}
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0
