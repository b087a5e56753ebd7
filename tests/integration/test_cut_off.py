"""An agent whose controller went away, in each state of its operation, on real servers."""

import signal
import time

import pytest

import ensemble as testing
from zoowarden_lab import command, processes

OLD, NEW = "3.8.4", "3.9.4"
_PERMIT_IS_OVER = 4  # seconds: it lives three


def stop_agent_in(made, state: str, victim: int, wanted=None) -> tuple:
    """The run, and the agent that sleeps since it entered that state."""
    made.restart_agent(victim, fault=f"agent.after_commit.{state}:stop")
    running = made.begin_upgrade(wanted or testing.release(NEW))
    agent = made.agent(victim)
    made.wait(lambda: processes.state(agent.pid) == "T", 240, f"the agent is in {state}")
    return running, agent


def cut_off_in(made, state: str, victim: int, wanted=None):
    """The controller dies while the agent has just entered that state; then the agent goes on."""
    running, agent = stop_agent_in(made, state, victim, wanted)
    running.kill()
    return agent


def settle(made, verb: str, number: int) -> command.Outcome:
    """`zoowarden server VERB`, once the killed controller's lease has lapsed."""
    made.wait(lambda: made.status()["lease"] is None, 30, "nobody holds the ensemble")
    return made.run("server", verb, number, "--yes", seconds=300)


@pytest.mark.parametrize("state", ["switching", "starting", "verifying"])
def test_the_new_server_comes_up_and_waits_unconfirmed(ensemble, state):
    victim = ensemble.followers()[0]
    ensemble.set_policy("step_timeout", "30s")
    watched = ensemble.watch()
    agent = cut_off_in(ensemble, state, victim)
    agent.signal(signal.SIGCONT)
    ensemble.wait(lambda: ensemble.operation_state(victim) == "unconfirmed", 120, "it is parked")
    parked = ensemble.zookeeper(victim)
    assert ensemble.versions()[victim] == NEW
    ensemble.restart_agent(victim)  # also the next life of the agent leaves it alone
    assert ensemble.zookeeper(victim) == parked
    outcome = ensemble.run("rollback", "--yes")
    watched.stop()
    assert outcome.code == 0, outcome
    assert set(ensemble.versions().values()) == {OLD}
    assert set(watched.restarts) == {victim}


@pytest.mark.parametrize("state", ["rolling_back", "restarting_old", "verifying_old"])
def test_the_way_back_is_gone_to_its_end_alone(ensemble, state):
    victim = ensemble.followers()[0]
    ensemble.set_policy("step_timeout", "20s")
    others = {n: p for n, p in ensemble.processes().items() if n != victim}
    agent = cut_off_in(ensemble, state, victim, testing.bad_release("never_joins"))
    agent.signal(signal.SIGCONT)
    ensemble.wait(lambda: ensemble.operation_state(victim) == "rolled_back", 120, "it went back")
    assert ensemble.versions()[victim] == OLD
    back = ensemble.zookeeper(victim)
    assert {n: p for n, p in ensemble.processes().items() if n != victim} == others
    ensemble.wait(lambda: ensemble.status()["lease"] is None, 30, "nobody holds the ensemble")
    outcome = ensemble.run("rollback", "--yes")
    assert outcome.code == 0, outcome
    assert set(ensemble.versions().values()) == {OLD}
    assert ensemble.processes() == {**others, victim: back}


@pytest.mark.parametrize("state", ["staging", "stopping"])
def test_before_its_stop_the_server_is_left_serving(ensemble, state):
    """Also where it was about to be stopped: the permit is over."""
    victim = ensemble.followers()[0]
    before = ensemble.processes()
    agent = cut_off_in(ensemble, state, victim)
    time.sleep(_PERMIT_IS_OVER)
    agent.signal(signal.SIGCONT)
    ensemble.wait(lambda: ensemble.operation_state(victim) == "staged", 60, "it is staged again")
    assert ensemble.processes() == before
    assert ensemble.run("resume", "--yes").code == 0
    assert set(ensemble.versions().values()) == {NEW}


def test_when_the_old_one_does_not_come_back_either_an_operator_is_needed(ensemble):
    victim = ensemble.followers()[0]
    others = {n: p for n, p in ensemble.processes().items() if n != victim}
    agent = cut_off_in(ensemble, "switching", victim)
    myid = ensemble.lab.server(victim).data / "myid"
    content = myid.read_bytes()
    myid.unlink()
    agent.signal(signal.SIGCONT)
    ensemble.wait(lambda: ensemble.operation_state(victim) == "needs_operator", 60, "it gives up")
    assert ensemble.zookeeper(victim) is None
    assert {n: p for n, p in ensemble.processes().items() if n != victim} == others
    myid.write_bytes(content)
    assert settle(ensemble, "rollback", victim).code == 0
    assert set(ensemble.versions().values()) == {OLD}


def test_together_with_another_servers_death_the_serving_one_stays_and_the_quorum_with_it(ensemble):
    victim = ensemble.followers()[0]
    ensemble.set_policy("step_timeout", "30s")
    running = ensemble.begin_upgrade(testing.release(NEW))
    running.wait_for_line(testing.GATE_PASSED, 240)
    running.kill()
    new = ensemble.zookeeper(victim)
    other = next(n for n in ensemble.followers() if n != victim)
    ensemble.kill_zookeeper(other)
    ensemble.wait(lambda: ensemble.operation_state(victim) == "unconfirmed", 120, "it is parked")
    assert ensemble.zookeeper(victim) == new
    ensemble.leader()  # there is one, so two of three form a quorum
    refused = settle(ensemble, "rollback", victim)
    assert refused.code == command.REFUSED, refused
    assert ensemble.zookeeper(victim) == new
    assert settle(ensemble, "confirm", victim).code == 0
    ensemble.start_zookeeper(other)
    ensemble.wait_serving()
    assert ensemble.run("resume", "--yes").code == 0
    assert set(ensemble.versions().values()) == {NEW}


def test_a_network_that_is_cut_is_as_a_controller_that_went_away(partition, make_ensemble):
    """The controller lives on and cannot be heard; when it can, it finds what became of it."""
    made = make_ensemble()
    victim = made.followers()[0]
    made.set_policy("step_timeout", "20s")
    watched = made.watch()
    running, agent = stop_agent_in(made, "verifying", victim)
    partition.cut()
    agent.signal(signal.SIGCONT)
    log = made.lab.server(victim).agent_log
    made.wait(lambda: "state=unconfirmed" in log.read_text(encoding="utf-8"), 90, "it is parked")
    assert running.running()
    parked = made.zookeeper(victim)
    assert made.versions()[victim] == NEW
    partition.heal()
    outcome = running.wait(240)
    if outcome.code == command.HALTED:
        outcome = made.run("resume", "--yes")
    watched.stop()
    assert outcome.code == 0, outcome
    assert made.zookeeper(victim) == parked
    assert set(made.versions().values()) == {NEW}
    assert sorted(watched.restarts) == made.ids
