"""A server whose agent waits for a person, on real servers: every way out, by the guide's own words."""

import pathlib
import re
import shlex
import signal

import pytest

import ensemble as testing
from terminal import Typed
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"
_GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "needs-operator.md"


def guide_lines() -> list:
    """Every command that the guide prints, in its order."""
    return [line.strip() for line in _GUIDE.read_text(encoding="utf-8").splitlines()
            if line.startswith("    zoowarden ")]


def type_line(made, line: str, server: int) -> command.Outcome:
    """Types a line of the guide at a terminal and answers yes to whatever it asks."""
    typed = Typed(made, *shlex.split(line.replace(" 2", f" {server}")))
    typed.answer("y")
    return typed.wait(300)


class LostIdentity:
    """A server without its myid: it runs on, and no generation may be started there."""

    def __init__(self, server):
        self._file = server.data / "myid"
        self._content = self._file.read_bytes()
        self._file.unlink()

    def mend(self):
        self._file.write_bytes(self._content)


def need_an_operator(made) -> tuple:
    """An upgrade that cannot start the new generation on the first server, nor the old one."""
    victim = made.followers()[0]
    lost = LostIdentity(made.lab.server(victim))
    outcome = made.upgrade(testing.release(NEW))
    assert outcome.code == command.STUCK, outcome
    assert made.operation_state(victim) == "needs_operator"
    return victim, lost


def park(made) -> int:
    """The controller dies behind the first gate; the server is left serving, unconfirmed."""
    victim = made.followers()[0]
    running = made.begin_upgrade(testing.release(NEW))
    running.wait_for_line(testing.GATE_PASSED, 240)
    running.kill()
    made.wait(lambda: made.operation_state(victim) == "unconfirmed", 90, "it is parked")
    return victim


def test_the_guide_leads_out_of_needs_operator(make_ensemble):
    """Its lines, each typed once and literally, for three servers that end up there."""
    lines = guide_lines()
    assert [line.split()[1:3] for line in lines] == [
        ["status"], ["runs", "list"], ["server", "rollback"], ["server", "retry"],
        ["server", "confirm"], ["server", "close"], ["resume"]]
    look, runs, rollback, retry, confirm, close, resume = lines
    made = make_ensemble()
    victim, lost = need_an_operator(made)
    shown = type_line(made, look, victim)
    assert shown.code == command.ERROR and "needs an operator" in shown.out, shown
    assert "stuck" in type_line(made, runs, victim).out
    still = type_line(made, rollback, victim)
    assert still.code == command.STUCK, still
    refused = type_line(made, confirm, victim)
    assert refused.code == command.REFUSED and "not proved" in refused.err, refused
    lost.mend()
    retried = type_line(made, retry, victim)
    assert retried.code == 0, retried
    assert made.versions()[victim] == NEW
    assert type_line(made, close, victim).code == command.REFUSED  # it waits for nobody now
    assert type_line(made, resume, victim).code == 0
    assert set(made.versions().values()) == {NEW}
    kinds = [run["kind"] for run in made.runs()]
    assert kinds.count("server retry") == 1 and kinds.count("server rollback") == 1, kinds


def test_a_server_that_needs_an_operator_goes_back(ensemble):
    victim, lost = need_an_operator(ensemble)
    lost.mend()
    others = {n: p for n, p in ensemble.processes().items() if n != victim}
    outcome = ensemble.run("server", "rollback", victim, "--yes", "-o", "json")
    assert outcome.code == 0, outcome
    assert outcome.json["outcome"] == "rolled_back"
    assert outcome.json["settles"]["verb"] == "rollback"
    steps = re.findall(r"^step +server \d+: (\w+)", outcome.err, re.MULTILINE)
    assert steps and steps[0] == "rolling_back", outcome  # not what had led there
    assert set(ensemble.versions().values()) == {OLD}
    assert {n: p for n, p in ensemble.processes().items() if n != victim} == others


def test_a_closed_operation_leaves_the_server_as_it_is(ensemble):
    victim, lost = need_an_operator(ensemble)
    assert ensemble.run("server", "close", victim, "--yes").code == 0
    assert ensemble.zookeeper(victim) is None and ensemble.operation_state(victim) == "idle"
    lost.mend()


def test_a_parked_server_is_confirmed_where_it_stands(ensemble):
    victim = park(ensemble)
    before = ensemble.processes()
    outcome = ensemble.run("server", "confirm", victim, "--yes")
    assert outcome.code == 0, outcome
    assert ensemble.processes() == before
    assert ensemble.operation_state(victim) == "committed"
    assert ensemble.run("resume", "--yes").code == 0
    assert set(ensemble.versions().values()) == {NEW}


@pytest.mark.parametrize("another_is_down", [False, True])
def test_a_parked_server_that_serves_goes_back_behind_the_gates_only(ensemble, another_is_down):
    victim = park(ensemble)
    ensemble.set_policy("step_timeout", "20s")
    before = ensemble.zookeeper(victim)
    if another_is_down:
        other = [n for n in ensemble.followers() if n != victim]
        lost = other[0] if other else ensemble.leader()
        ensemble.kill_zookeeper(lost)
        outcome = ensemble.run("server", "rollback", victim, "--yes")
        assert outcome.code == command.REFUSED and "not safe to stop" in outcome.err, outcome
        assert ensemble.zookeeper(victim) == before
        assert ensemble.operation_state(victim) == "unconfirmed"
        ensemble.start_zookeeper(lost)
        ensemble.wait_serving()
    outcome = ensemble.run("server", "rollback", victim, "--yes")
    assert outcome.code == 0, outcome
    assert set(ensemble.versions().values()) == {OLD}


def test_a_controller_killed_while_it_settles_changes_nothing_for_the_next(ensemble):
    victim = park(ensemble)
    killed = ensemble.run("server", "confirm", victim, "--yes",
                          environment={"ZOOWARDEN_FAULT": "controller.before_commit:kill"})
    assert killed.code == -signal.SIGKILL
    assert ensemble.operation_state(victim) == "unconfirmed"
    held = ensemble.run("server", "confirm", victim, "--yes")
    assert held.code in (command.HELD, 0), held
    outcome = held if held.code == 0 else ensemble.run(
        "server", "confirm", victim, "--yes", "--take-over")
    assert outcome.code == 0, outcome
