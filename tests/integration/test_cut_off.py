"""An agent whose controller went away, in each state of its operation, on real servers."""

import signal
import time

import pytest

import ensemble as testing
from zoowarden_lab import command, processes

OLD, NEW = "3.8.4", "3.9.4"
_PERMIT_IS_OVER = 4  # seconds: it lives three


def cut_off_in(made, state: str, victim: int):
    """The controller dies while the agent has just entered that state; then the agent goes on."""
    made.restart_agent(victim, fault=f"agent.after_commit.{state}:stop")
    running = made.begin_upgrade(testing.release(NEW))
    agent = made.agent(victim)
    made.wait(lambda: processes.state(agent.pid) == "T", 240, f"the agent is in {state}")
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


def test_a_stop_whose_permit_is_over_leaves_the_server_serving(ensemble):
    victim = ensemble.followers()[0]
    before = ensemble.processes()
    agent = cut_off_in(ensemble, "stopping", victim)
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
