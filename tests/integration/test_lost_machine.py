"""The machine that carries a run out is lost at random points of its journal, with all it knew.

What is left is the agents' addresses and a certificate on another machine. From there the run ends
in the same state as one to which nothing happened: servers, generations, configuration, records.
ZOOWARDEN_SEED=N repeats the points of another time.
"""

import os
import random
import re
import shutil
import time

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"
# What a command prints of its run; some of it is for the screen and in no journal.
_EVENT = re.compile(r"^(?!waiting |step |uploaded |run )[a-z_]+ ", re.MULTILINE)
_RUNS, _AT_LEAST = 10, 8  # a machine that is lost near a run's end may have ended it
_LATEST = 0.4  # seconds after an event at which the machine is lost


class Machine:
    """One that has a certificate, and at first nothing else."""

    def __init__(self, made, name: str):
        self._made = made
        self._home = made.directory / name
        self._home.mkdir()
        self.ensemble_file = self._home / "ensemble.yaml"
        self._environment = {"HOME": str(self._home), "XDG_STATE_HOME": str(self._home / "state"),
                             "ZOOWARDEN_STATE": "", "ZOOWARDEN_ENSEMBLE": str(self.ensemble_file)}

    def begin(self, *words) -> command.Running:
        return self._made.begin(*words, environment=self._environment)

    def run(self, *words) -> command.Outcome:
        return self.begin(*words).wait(240)

    def json(self, *words):
        done = self.run(*words, "-o", "json")
        assert done.code == command.SUCCEEDED, done
        return done.json

    def upgrade(self, version: str) -> command.Running:
        wanted = testing.release(version)
        return self.begin("upgrade", "--to", version, "--release", wanted.path, "--yes")

    def find_run(self) -> dict:
        """The newest run, from nothing but the agents; what it leads to is this ensemble.yaml."""
        agents = ("--agents", ",".join(server.agent for server in self._made.lab.servers))
        runs = self.json("runs", "list", *agents)["runs"]
        assert not [run for run in runs[1:] if run["open"]], runs
        self.json("runs", "show", runs[0]["id"], *agents, "--write-ensemble", self.ensemble_file)
        return runs[0]

    def lose(self) -> None:
        """Everything on it: state directory, ensemble.yaml."""
        shutil.rmtree(self._home)


def events_of(running: command.Running) -> int:
    """How many events of its run it has stored and printed."""
    said = running.said()
    begun = said.find("run_started")
    return 0 if begun < 0 else len(_EVENT.findall(said[begun:]))


def lose_at(machine: Machine, running: command.Running, event: int, later: float) -> None:
    """Kills the command so long after that event of its own, and loses the machine."""
    until = time.monotonic() + 240
    while running.running() and events_of(running) < event and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(later)
    running.kill()
    machine.lose()


def releases_of(server: dict) -> tuple:
    """What lies on a server, and what of it ever ran; not when."""
    return (server["id"], server["problem"],
            [(one["kind"], one["name"], one["sha512"], one["use"], one["problem"],
              [(made["digest"], made["current"], made["needed"], made["last_ran"] is None)
               for made in one["generations"]])
             for one in server["releases"]])


def newest(machine: Machine) -> dict:
    """The whole story of the newest run."""
    return machine.json("runs", "show", machine.json("runs", "list")["runs"][0]["id"])


def end_state(made, machine: Machine) -> dict:
    """All that must be the same, however the run came to its end."""
    run = newest(machine)
    status = machine.json("status")
    verified = machine.json("verify")
    servers = machine.json("releases", "list")["servers"]
    return {
        "run": {key: run[key] for key in ("kind", "version", "open", "phase", "goal", "outcome",
                                          "outcome_reason", "servers")},
        "done": sorted(run["done"]),
        "copies": [copy for copy in run["copies"] if copy != "here"],
        "members": [{key: member[key] for key in ("id", "host", "agent", "declared_role", "version",
                                                  "state", "generation", "problem")}
                    for member in status["members"]],
        "operations": [(member["operation"]["state"], member["operation"]["failure"],
                        member["operation"]["from"], member["operation"]["to"])
                       for member in status["members"]],
        "healthy": (status["healthy"], status["problems"], status["open_runs"], status["lease"]),
        "roles": sorted(member["role"] for member in status["members"]),
        "verified": (verified["verified"], verified["findings"], verified["problems"],
                     [member["standing"] for member in verified["members"]]),
        "releases": [releases_of(server) for server in servers],
        "trees": {server.id: sorted(path.name for path in
                                    (server.directory / "generations").iterdir())
                  for server in made.lab.servers},
        "plan": machine.run("plan", "--detailed-exitcode").code,
    }


def check_story(shown: dict, restarts: list, ids: list) -> None:
    """One run, its numbers without a hole, each server restarted once."""
    events = shown["events"]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1)), events
    assert [event["epoch"] for event in events] == sorted(event["epoch"] for event in events)
    assert sorted(restarts) == ids, restarts


def roll_undisturbed(made, machine: Machine) -> tuple:
    """There and back, twice: the end states, and how many events such a run has."""
    states, events = {}, 0
    for version in (NEW, OLD, NEW, OLD):  # the second time the servers have had everything before
        done = machine.upgrade(version).wait(240)
        assert done.code == command.SUCCEEDED, done
        states[version] = end_state(made, machine)
        events = len(newest(machine)["events"])
    return states, events


def test_a_run_whose_machine_is_lost_ends_as_one_to_which_nothing_happened(ensemble):
    """Ten times; in every fourth run the machine that took it over is lost as well."""
    seed = int(os.environ.get("ZOOWARDEN_SEED") or time.time())
    print(f"ZOOWARDEN_SEED={seed}")
    chance = random.Random(seed)
    machine, load = Machine(ensemble, "machine 0"), ensemble.load()
    shutil.copy(ensemble.lab.ensemble_file, machine.ensemble_file)
    undisturbed, events = roll_undisturbed(ensemble, machine)
    lost_in_time = 0
    for number, event in enumerate(chance.sample(range(1, events - 1), _RUNS)):
        version, watch = (NEW, OLD)[number % 2], ensemble.watch()
        running = machine.upgrade(version)
        for loss in range(2 if number % 4 == 3 else 1):
            later = chance.uniform(0, _LATEST)
            told = (f"ZOOWARDEN_SEED={seed}: run {number} to {version}, loss {loss} "
                    f"{later:.3f} s after event {event}")
            print(told)
            lose_at(machine, running, event, later)
            machine = Machine(ensemble, f"machine {number}-{loss + 1}")
            run = machine.find_run()
            lost_in_time += run["open"]
            running = machine.begin("resume", run["id"], "--yes")
            event = chance.randrange(1, 6)
        done = running.wait(240)
        assert done.code == (command.SUCCEEDED if run["open"] else command.REFUSED), (told, done)
        watch.stop()
        assert end_state(ensemble, machine) == undisturbed[version], told
        check_story(newest(machine), watch.restarts, ensemble.ids)
        assert watch.most_down == 1, told
    assert lost_in_time >= _AT_LEAST, f"ZOOWARDEN_SEED={seed}: {lost_in_time} were lost in time"
    testing.assert_kept(load)
