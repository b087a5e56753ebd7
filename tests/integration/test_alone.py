"""What agents and controllers do when the other one has gone."""

import os
import shutil
import signal

import pytest

import ensemble as testing
from zoowarden_lab import command


def upgrade_with_agent_killed_at(made, point):
    """Outcome, the server whose agent died, and the eye-witness."""
    victim = made.followers()[0]
    made.restart_agent(victim, fault=f"{point}:kill")
    watched = made.watch()
    running = made.begin_upgrade(testing.release("3.9.4"))
    made.wait_agent_dead(victim)
    made.start_agent(victim)
    outcome = running.wait(240)
    watched.stop()
    return outcome, watched


@pytest.mark.parametrize("point", ["agent.after_launch", "agent.after_commit.starting"])
def test_an_agent_killed_around_a_launch_goes_on(ensemble, point):
    outcome, watched = upgrade_with_agent_killed_at(ensemble, point)
    assert outcome.code == 0, outcome
    assert watched.leader_last and sorted(set(watched.restarts)) == ensemble.ids
    assert set(ensemble.versions().values()) == {"3.9.4"}


def test_an_agent_killed_before_it_saw_its_launch_starts_no_second_process(ensemble):
    """The launcher takes its time; the agent dies meanwhile and comes back to a held lock."""
    victim = ensemble.followers()[0]
    slow = testing.bad_release("starts_late", only=[victim], after_seconds=8)
    watched = ensemble.watch()
    running = ensemble.begin_upgrade(slow)
    ensemble.wait(lambda: testing.launching(ensemble, victim), 120, "the launcher runs")
    ensemble.restart_agent(victim)
    outcome = running.wait(240)
    watched.stop()
    assert outcome.code == 0, outcome
    assert sorted(watched.restarts) == ensemble.ids
    assert set(ensemble.versions().values()) == {"3.9.5"}


def test_alone_an_agent_parks_a_good_server_and_never_stops_it(ensemble):
    victim = ensemble.followers()[0]
    running = ensemble.begin_upgrade(testing.release("3.9.4"))
    running.wait_for_line(testing.GATE_PASSED, 240)
    running.kill()
    new = ensemble.zookeeper(victim)
    ensemble.wait(lambda: ensemble.operation_state(victim) == "unconfirmed", 90, "it is parked")
    assert new.alive(), "the agent stopped a serving member alone"
    assert ensemble.versions()[victim] == "3.9.4"
    outcome = ensemble.run("resume", "--yes")
    assert outcome.code == 0, outcome


def test_alone_an_agent_takes_back_a_server_that_is_down(ensemble):
    victim = ensemble.followers()[0]
    running = ensemble.begin_upgrade(testing.bad_release("never_joins"))
    running.wait_for_line(testing.PROCEED, 240)
    ensemble.wait(lambda: ensemble.zookeeper(victim) is None, 60, "the old process ends")
    running.kill()
    ensemble.wait(lambda: ensemble.versions()[victim] == "3.8.4", 120, "it is back on the old")
    outcome = ensemble.run("resume", "--yes")
    assert outcome.code in (command.ROLLED_BACK, command.HALTED), outcome
    assert set(ensemble.versions().values()) == {"3.8.4"}


@pytest.mark.parametrize("point", ["before_request_permit", "before_proceed", "after_proceed",
                                   "after_commit"])
def test_a_controller_killed_around_a_stop_is_resumed_elsewhere(ensemble, point):
    running = ensemble.begin_upgrade(
        testing.release("3.9.4"), environment={"ZOOWARDEN_FAULT": f"controller.{point}:kill"})
    assert running.wait(240).code == -signal.SIGKILL
    shutil.rmtree(ensemble.directory / "state")
    os.mkdir(ensemble.directory / "state")
    watched = ensemble.watch()
    outcome = ensemble.run("resume", "--yes")
    watched.stop()
    assert outcome.code == 0, outcome
    assert watched.leader_last
    assert set(ensemble.versions().values()) == {"3.9.4"}


def test_members_that_elect_are_never_called_down(make_ensemble):
    made = make_ensemble(servers=5)
    frozen = [made.leader(), *made.followers()[:2]]
    for number in frozen:
        made.freeze(number)
    electing = [number for number in made.ids if number not in frozen]
    made.wait(lambda: not any(made.modes()[number] for number in electing), 60, "two elect")
    members = {member["id"]: member for member in made.status()["members"]}
    assert {members[number]["state"] for number in electing} == {"not_serving"}
    before = made.processes()
    outcome = made.upgrade(testing.release("3.9.4"))
    assert outcome.code == command.REFUSED, outcome
    assert made.processes() == before
    for number in frozen:
        made.thaw(number)
