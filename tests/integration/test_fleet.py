"""A fleet of three real ensembles, one of which fails: the others do not notice, the rest waits."""

import json
import os
import signal

import pytest

import ensemble as testing
from zoowarden_lab import command, processes

OLD, NEW = "3.8.4", "3.9.4"
NAMES = ("alpha", "bravo", "charlie")
FLEET = """\
fleet: three
pki: "{directory}/{{ensemble}}/operator"
ensembles:
  - {{files: "{directory}/alpha/ensemble.yaml", labels: {{tier: first}}}}
  - {{files: "{directory}/[b-c]*/ensemble.yaml"}}
waves:
  - {{name: first, labels: {{tier: first}}}}
  - {{name: second, count: 1}}
  - {{name: rest}}
policy: {{concurrency: 2, soak: 2s, error_budget: {budget}}}
"""


class Fleet:
    """Three ensembles of three servers, and the commands for all of them."""

    def __init__(self, directory):
        self.directory = directory
        self.made = {}
        try:
            for name in NAMES:
                self.made[name] = testing.Ensemble(directory / name, name=name)
        except BaseException:
            self.end()
            raise
        self.file = directory / "fleet.yaml"
        self.write(0)

    def write(self, budget: int, waves: bool = True) -> None:
        text = FLEET.format(directory=self.directory, budget=budget)
        if not waves:
            text = "".join(line + "\n" for line in text.splitlines()
                           if not line.startswith(("waves:", "  - {name")))
        self.file.write_text(text, encoding="utf-8")

    def begin(self, *words):
        state = ("--state", self.directory / "state")
        return self.made["alpha"].begin("fleet", *words, "--fleet", self.file, *state)

    def run(self, *words, seconds=300):
        return self.begin(*words).wait(seconds)

    def states(self) -> dict:
        shown = self.run("status", "-o", "json", seconds=60).json
        return {one["ensemble"]: one["state"] for one in shown["ensembles"]}

    def rollout(self) -> dict:
        """As it is recorded."""
        return json.loads((self.directory / "state/_fleets/three/rollout.json").read_text("utf-8"))

    def versions(self) -> dict:
        return {name: set(one.versions().values()) for name, one in self.made.items()}

    def commands(self) -> list:
        """The processes that roll an ensemble of this fleet now."""
        return [one for one in processes.everything()
                if str(self.directory / "state") in one.words() and "--ensemble" in one.words()]

    def end(self) -> None:
        for one in self.made.values():
            one.end()


@pytest.fixture(name="fleet")
def _fleet(tmp_path):
    made = Fleet(tmp_path / "fleet")
    yield made
    for one in made.commands():
        one.signal(signal.SIGKILL)
    made.end()


def _break(ensemble) -> None:
    """No JVM knows this option: a server that is started with it ends at once."""
    ensemble.edit(r"(java: \{heap: [^,]+, options: \[)", r'\1"-XX:+ZoowardenHasNoSuchOption", ')


def _mend(ensemble) -> None:
    ensemble.edit(r'"-XX:\+ZoowardenHasNoSuchOption", ', "")


def test_one_that_fails_halts_the_rest_and_touches_no_other(fleet):
    wanted = testing.release(NEW)
    _break(fleet.made["bravo"])
    fleet.write(0, waves=False)  # alpha and bravo are rolled at the same time
    before = fleet.made["charlie"].processes()
    planned = fleet.run("plan", "--to", NEW, "--release", wanted.path, "--detailed-exitcode")
    assert planned.code == command.CHANGES, planned
    loads = {name: one.load(clients=3) for name, one in fleet.made.items()}
    watch = fleet.made["alpha"].watch()
    rolling = fleet.begin("upgrade", "--to", NEW, "--release", wanted.path, "--yes", "-o", "json")
    rolling.wait_for_line("alpha: run ", 120)
    second = fleet.run("apply", "--yes", seconds=60)
    assert second.code == command.HELD and "rolls this fleet" in second.err, second
    done = rolling.wait(400)
    watch.stop()
    assert done.code == command.HALTED, done
    assert done.json["error"]["reason"] == "fleet.halted"
    states = {one["ensemble"]: one["state"] for one in done.json["ensembles"]}
    assert states == {"alpha": "succeeded", "bravo": "rolled_back", "charlie": "waiting"}, done
    assert fleet.versions() == {"alpha": {NEW}, "bravo": {OLD}, "charlie": {OLD}}
    assert sorted(watch.restarts) == [1, 2, 3] and watch.most_down == 1
    assert fleet.made["charlie"].processes() == before, "nobody touched it"
    for load in loads.values():
        testing.assert_kept(load)
    assert f"version: {NEW}" in fleet.made["alpha"].ensemble_text
    assert f"version: {OLD}" in fleet.made["bravo"].ensemble_text
    shown = fleet.run("status", "-o", "json", seconds=60)
    assert shown.code == command.ERROR and shown.json["answered"] == 9, shown
    assert shown.json["rollout"]["open"] and not shown.json["rollout"]["rolling"]
    # Halted stays halted until somebody says otherwise.
    again = fleet.run("resume", "--yes", "-o", "json")
    assert again.code == command.HALTED, again
    assert fleet.versions()["charlie"] == {OLD}
    _mend(fleet.made["bravo"])
    retried = fleet.run("resume", "--retry", "--yes", "-o", "json", seconds=400)
    assert retried.code == command.SUCCEEDED, retried
    assert all(versions == {NEW} for versions in fleet.versions().values())
    healthy = fleet.run("status", "-o", "json", seconds=60)
    assert healthy.code == command.SUCCEEDED and healthy.json["healthy"], healthy


def test_a_fleet_that_is_killed_goes_on_without_a_second_start_of_any(fleet):
    wanted = testing.release(NEW)
    loads = [one.load(clients=3) for one in fleet.made.values()]
    watches = {name: one.watch() for name, one in fleet.made.items()}
    rolling = fleet.begin("upgrade", "--to", NEW, "--release", wanted.path, "--yes")
    rolling.wait_for_line("alpha: run ", 120)
    os.kill(rolling.pid, signal.SIGKILL)  # alone: what it began goes on
    rolling.wait(20)
    assert fleet.commands(), "the ensemble's own command has outlived the fleet's"
    resumed = fleet.begin("resume", "--yes", "-o", "json")
    resumed.wait_for_line("its command still runs and is looked on at", 60)
    # Of the next wave, the ensemble's own command is killed: the fleet goes on with its run.
    resumed.wait_for_line("bravo: run ", 200)
    bravo = [one for one in fleet.commands() if any("bravo" in word for word in one.words())]
    assert bravo, [one.words() for one in fleet.commands()]
    for one in bravo:
        one.signal(signal.SIGKILL)
    resumed.wait_for_line("goes on", 100)
    # Ctrl-C: the run comes to a safe point, charlie is not begun.
    resumed.signal(signal.SIGINT)
    stopped = resumed.wait(200)
    assert stopped.code in (command.INTERRUPTED, command.SUCCEEDED), stopped
    states = fleet.states()
    assert states["alpha"] == "succeeded", states
    assert states["charlie"] == "waiting", states
    # What is written while an ensemble waits for its wave is not what was approved.
    resuming = fleet.begin("resume", "--yes", "-o", "json")
    resuming.wait_for_line("wave second has ended and soaks", 300)
    fleet.made["charlie"].set_setting("snapCount", 90000)
    refused = resuming.wait(200)
    assert refused.code == command.HALTED, refused
    states = {one["ensemble"]: one["state"] for one in refused.json["ensembles"]}
    assert states == {"alpha": "succeeded", "bravo": "succeeded", "charlie": "refused"}, refused
    assert "is not to become what was approved" in refused.out, refused
    assert fleet.versions()["charlie"] == {OLD} and not watches["charlie"].restarts
    done = fleet.run("resume", "--retry", "--yes", "-o", "json", seconds=400)
    assert done.code == command.SUCCEEDED, done
    for one in watches.values():
        one.stop()
    assert all(versions == {NEW} for versions in fleet.versions().values())
    for name, one in watches.items():
        assert sorted(one.restarts) == [1, 2, 3], (name, one.restarts)
        assert one.most_down == 1, name
    for load in loads:
        testing.assert_kept(load)
    verified = json.loads(done.out)["ensembles"]
    assert [one["verified"] for one in verified] == [True, True, False], verified
    for one in fleet.made.values():
        assert len(one.runs()) == 1, one.runs()


def test_a_failure_that_the_budget_allows_is_recovered_by_the_command_that_is_named(fleet):
    wanted = testing.release(NEW)
    bravo = fleet.made["bravo"]
    _break(bravo)
    bravo.set_policy("step_timeout", "120s")  # what is left under way is not taken back meanwhile
    fleet.write(1)
    loads = [one.load(clients=3) for one in fleet.made.values()]
    watches = {name: one.watch() for name, one in fleet.made.items()}
    ended = fleet.run("upgrade", "--to", NEW, "--release", wanted.path, "--yes", "-o", "json")
    assert ended.code == command.ERROR, ended
    assert ended.json["error"]["reason"] == "fleet.some_failed"
    assert "`zoowarden fleet resume --retry`" in ended.json["error"]["message"]
    assert fleet.states() == {"alpha": "succeeded", "bravo": "rolled_back", "charlie": "succeeded"}
    assert fleet.versions() == {"alpha": {NEW}, "bravo": {OLD}, "charlie": {NEW}}
    _mend(bravo)
    # Meanwhile a person takes the retried run over, and neither his command nor the fleet's lives on.
    retrying = fleet.begin("resume", "--retry", "--yes")
    retrying.wait_for_line("bravo: run ", 120)
    os.kill(retrying.pid, signal.SIGKILL)
    retrying.wait(20)
    own = [one for one in fleet.rollout()["ensembles"] if one["ensemble"] == "bravo"][0]["run"]
    person = bravo.begin("resume", own, "--take-over", "--yes")
    person.wait_for_line("taken_over", 60)
    os.kill(person.pid, signal.SIGKILL)
    person.wait(20)
    bravo.wait(lambda: not fleet.commands(), 60, "the end of the command that was fenced off")
    bravo.wait_serving()  # what an agent had begun it brings to an end
    kept = bravo.processes()
    left = fleet.run("resume", "--yes", "-o", "json")
    assert left.code == command.ERROR, left
    failed = [one for one in left.json["ensembles"] if one["ensemble"] == "bravo"][0]
    assert failed["state"] == "failed" and failed["run"] == own, failed
    assert failed["message"].startswith("taken over by zoowarden://bravo/operator"), failed
    assert bravo.processes() == kept, "nobody went on behind the person's back"
    assert "ATTENTION" not in fleet.run("status").out
    done = fleet.run("resume", "--retry", "--yes", "-o", "json", seconds=400)
    assert done.code == command.SUCCEEDED, done
    assert all(versions == {NEW} for versions in fleet.versions().values())
    for one in watches.values():
        one.stop()
    assert all(one.most_down == 1 for one in watches.values())
    for name in ("alpha", "charlie"):  # done before, and not touched again
        assert sorted(watches[name].restarts) == [1, 2, 3], name
        assert len(fleet.made[name].runs()) == 1, name
    for load in loads:
        testing.assert_kept(load)
