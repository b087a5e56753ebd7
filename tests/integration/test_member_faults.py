"""Other members freeze, die or elect while one is being changed."""

import shutil

import pytest

import ensemble as testing
from zoowarden_lab import command


def begin_and_wait_for_first_gate(made):
    """The first server is done but for its soak; its id and the other follower's."""
    first, second = made.followers()
    made.set_policy("soak", "4s")
    running = made.begin_upgrade(testing.release("3.9.4"))
    running.wait_for_line(testing.GATE_PASSED, 90)
    return running, first, second


@pytest.mark.core
def test_a_frozen_follower_stops_the_roll_until_it_thaws(ensemble):
    leader = ensemble.leader()
    running, first, second = begin_and_wait_for_first_gate(ensemble)
    before = ensemble.processes()
    ensemble.freeze(second)
    with pytest.raises(testing.LabError):
        ensemble.wait(lambda: ensemble.processes() != before, 12, "somebody is restarted")
    ensemble.thaw(second)
    outcome = running.wait(240)
    assert outcome.code == 0, outcome
    assert set(ensemble.versions().values()) == {"3.9.4"}
    assert ensemble.processes()[first] == before[first], "the healthy new server was left alone"
    assert ensemble.zookeeper(leader) != before[leader]


def test_a_follower_that_stays_frozen_halts_the_run_and_it_can_be_resumed(ensemble):
    running, first, second = begin_and_wait_for_first_gate(ensemble)
    before = ensemble.processes()
    ensemble.freeze(second)
    outcome = running.wait(300)
    assert outcome.code == command.HALTED, outcome
    assert ensemble.processes() == before
    shown = ensemble.run("status")
    assert "halted" in shown.out
    ensemble.thaw(second)
    ensemble.wait_serving()
    outcome = ensemble.run("resume", "--yes")
    assert outcome.code == 0, outcome
    assert ensemble.processes()[first] == before[first]
    assert "halted" not in ensemble.run("status").out


def test_a_halted_run_can_be_rolled_back(ensemble):
    running, _, second = begin_and_wait_for_first_gate(ensemble)
    ensemble.freeze(second)
    outcome = running.wait(300)
    assert outcome.code == command.HALTED, outcome
    ensemble.thaw(second)
    ensemble.wait_serving()
    outcome = ensemble.run("rollback", "--yes")
    assert outcome.code in (command.SUCCEEDED, command.ROLLED_BACK), outcome
    ensemble.wait_serving()
    assert set(ensemble.versions().values()) == {"3.8.4"}


def test_a_follower_that_dies_in_anothers_step_leaves_at_most_one_down_by_us(ensemble):
    leader = ensemble.leader()
    first, second = ensemble.followers()
    running = ensemble.begin_upgrade(testing.release("3.9.4"))
    running.wait_for_line(testing.PROCEED, 90)
    ensemble.kill_zookeeper(second)
    before = ensemble.zookeeper(leader)
    with pytest.raises(testing.LabError):
        ensemble.wait(lambda: not before.alive(), 10, "the leader is stopped too")
    ensemble.start_zookeeper(second)
    outcome = running.wait(300)
    assert outcome.code in (command.SUCCEEDED, command.HALTED, command.ROLLED_BACK), outcome
    ensemble.wait_serving()
    if outcome.code == command.HALTED:
        outcome = ensemble.run("resume", "--yes")
        assert outcome.code == 0, outcome
    assert len(set(ensemble.versions().values())) == 1


def test_an_already_degraded_ensemble_is_refused_before_anything_is_touched(ensemble):
    ensemble.kill_zookeeper(ensemble.followers()[0])
    before = ensemble.processes()
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    assert outcome.code == command.REFUSED, outcome
    assert ensemble.processes() == before


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


def test_a_run_without_one_agent_never_touches_its_server(ensemble):
    leader, (first, second) = ensemble.leader(), ensemble.followers()
    ensemble.kill_agent(second)
    before = ensemble.processes()
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    assert outcome.code in (command.REFUSED, command.HALTED), outcome
    assert ensemble.processes()[second] == before[second]
    assert not list((ensemble.lab.server(second).directory / "releases").glob("3.9.4-*"))
    assert leader and first


def test_a_stuck_run_names_the_next_command_and_is_closed_by_it(ensemble):
    """The bad release fails, and the old one has lost its jars meanwhile."""
    victim = ensemble.followers()[0]
    old = next((ensemble.lab.server(victim).directory / "releases").glob("3.8.4-*"))
    running = ensemble.begin_upgrade(testing.bad_release("never_joins", only=[victim]))
    running.wait_for_line(testing.PROCEED, 90)
    ensemble.wait(lambda: ensemble.zookeeper(victim) is None, 60, "the old process ends")
    away = old.with_name("away")
    shutil.move(old / "lib", away)
    outcome = running.wait(400)
    assert outcome.code == command.STUCK, outcome
    assert "zoowarden r" in outcome.out + outcome.err, "resume or rollback is named"
    assert set(ensemble.versions().values()) == {"3.8.4", ""}
    shutil.move(away, old / "lib")
    outcome = ensemble.run("rollback", "--yes")
    assert outcome.code in (command.SUCCEEDED, command.ROLLED_BACK), outcome
    ensemble.wait_serving()
    assert set(ensemble.versions().values()) == {"3.8.4"}
    assert "stuck" not in ensemble.run("status").out
