"""The demo: a real ensemble is upgraded under load, then a bad release is rolled back by itself."""

import contextlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

from . import command, down, probes, releases, up, variants
from .errors import LabError
from .layout import Lab, Options, program
from .loads import Load
from .watch import Watch

_FROM, _TO, _BAD = "3.8.4", "3.9.4", "3.9.5"


def _say(text: str = "") -> None:
    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\033[1m{text}\033[0m" if bold and text else text, flush=True)


def _upgrade(lab: Lab, release: releases.Release) -> tuple:
    """Types the command as a person would, with the live view; exit code and seconds."""
    words = ["upgrade", "--to", release.version, "--release", str(release.path), "--yes"]
    _say(f"$ zoowarden {' '.join(shlex.quote(word) for word in words)}")
    began = time.monotonic()
    done = subprocess.run([program("zoowarden"), *words], stdin=subprocess.DEVNULL, check=False,
                          env=lab.process_environment())
    return done.returncode, time.monotonic() - began


def _act(lab: Lab, name: str, release: releases.Release) -> dict:
    """One upgrade under load, told by what an eye-witness and the load saw."""
    load = Load(lab, lab.directory / "state" / f"load-{name}.json")
    try:
        load.wait_writing()
        watch = Watch(lab)
        try:
            code, seconds = _upgrade(lab, release)
        finally:
            watch.stop()
        _say("reading every acknowledged write back through every member …")
        probes.wait_serving(lab, 60)
        verdict = load.verdict()
    finally:
        load.kill()
    measured = {key: verdict[key] for key in ("acked", "lost", "unknown", "phantom",
                                              "failed_operations", "longest_gap_ms")}
    return {"act": name, "outcome": command.OUTCOMES.get(code, f"error {code}"),
            "order": watch.order, "restarts": watch.restarts, "leader_last": watch.leader_last,
            "elections": watch.elections, "seconds": round(seconds, 1), **measured,
            "versions_after": {str(server.id): probes.srvr(server).get("version", "")
                               for server in lab.servers}}


def _faults(act: dict, outcome: str, version: str) -> list:
    """What is not as it should be, in words."""
    found = []
    if act["outcome"] != outcome:
        found.append(f"the outcome is {act['outcome']}, not {outcome}")
    if act["lost"] or act["phantom"]:
        found.append(f"{act['lost']} acknowledged writes are lost, {act['phantom']} are phantoms")
    if not act["acked"]:
        found.append("the load had no write acknowledged")
    if not act["leader_last"]:
        found.append(f"the leader was not last: {act['order']}")
    if act["elections"] > 1:
        found.append(f"{act['elections']} elections instead of at most one")
    others = {key: value for key, value in act["versions_after"].items() if value != version}
    if others:
        found.append(f"not on {version} afterwards: {others}")
    return [f"{act['act']}: {text}" for text in found]


def faults(upgrade: dict, rollback: dict, servers: int) -> list:
    """Why the demo failed; empty when everything is as it should be."""
    found = _faults(upgrade, "succeeded", _TO) + _faults(rollback, "rolled_back", _TO)
    if sorted(upgrade["order"]) != list(range(1, servers + 1)):
        found.append(f"upgrade: not every server was restarted: {upgrade['order']}")
    if len(rollback["order"]) != 1:
        found.append(f"rollback: the bad release reached other servers than one: "
                     f"{rollback['order']}")
    return found


def _summary(acts: list, found: list, seconds: float) -> None:
    _say()
    for act in acts:
        order = " → ".join(str(number) for number in act["order"])
        versions = ", ".join(sorted(set(act["versions_after"].values())))
        _say(f"{act['act']:9} {act['outcome']} in {act['seconds']:.0f} s, restarted {order}, "
             f"elections {act['elections']}, now on {versions}")
        _say(f"{'':9} {act['acked']} writes acknowledged, {act['lost']} lost, "
             f"{act['failed_operations']} operations failed, "
             f"longest gap {act['longest_gap_ms']:.0f} ms")
    for text in found:
        _say(f"NOT AS IT SHOULD BE: {text}")
    _say(f"demo {'failed' if found else 'passed'} in {seconds:.0f} s")


def _play(lab: Lab) -> list:
    _say(f"\nAct 1: {_FROM} → {_TO} under client load\n")
    first = _act(lab, "upgrade", releases.get(_TO))
    _say(f"\nAct 2: a release that starts and never joins the quorum, and the way back\n")
    bad = releases.get(_BAD, variants.make("never_joins"))
    return [first, _act(lab, "rollback", bad)]


def _write_report(path: pathlib.Path, report: dict) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False,
                                     encoding="utf-8") as file:
        file.write(json.dumps(report, indent=2) + "\n")
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def _prepare() -> None:
    _say("making sure of the releases (the first time takes half a minute) …")
    for version in (_FROM, _TO):
        releases.get(version)
    releases.get(_BAD, variants.make("never_joins"))


def _tell_kept(directory: pathlib.Path) -> None:
    where = shlex.quote(str(directory))
    _say(f"\nThe lab goes on running in {directory}. Look around:\n"
         f"  . {shlex.quote(str(directory / 'env'))}\n"
         f"  zoowarden status\n  zoowarden runs list\n"
         f"  ./x lab load --dir {where} --clients 6 --seconds 20 --json load.json\n"
         f"  ./x lab down --dir {where}      # when you are done")


def demo(report: pathlib.Path, keep: bool) -> int:
    """Plays both acts; 0 when everything was as it should be."""
    began = time.monotonic()
    report = pathlib.Path(report).absolute()
    report.unlink(missing_ok=True)
    _prepare()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="zoowarden-demo-"))
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        cleanup.callback(down.down, directory)
        _say(f"starting three servers on {_FROM} with their agents …")
        lab = up.up(directory, Options(version=_FROM))
        acts = _play(lab)
        found = faults(acts[0], acts[1], len(lab.servers))
        seconds = time.monotonic() - began
        _write_report(report, {"format": 1, "passed": not found, "seconds": round(seconds, 1),
                               "faults": found, "acts": acts})
        _summary(acts, found, seconds)
        _say(f"report: {report}")
        if keep:
            cleanup.pop_all()
            _tell_kept(lab.directory)
    return 1 if found else 0


def main(arguments) -> int:
    try:
        return demo(arguments.report, arguments.keep)
    except KeyboardInterrupt as error:
        raise LabError("interrupted; everything that the demo started was ended") from error
