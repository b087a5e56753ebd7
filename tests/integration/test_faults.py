"""Real rolls with a fault in the middle: whatever happens, never two servers down by our doing."""

import signal
import time

import pytest

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"


@pytest.mark.core
def test_an_agent_killed_at_any_of_three_points_goes_on(ensemble):
    leader, followers = ensemble.leader(), ensemble.followers()
    points = {followers[0]: "agent.after_signal", followers[1]: "agent.after_switch",
              leader: "agent.verifying"}
    for number, point in points.items():
        ensemble.restart_agent(number, fault=f"{point}:kill")
    load, watch = ensemble.load(), ensemble.watch()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    for number in [*followers, leader]:
        ensemble.wait_agent_dead(number)
        ensemble.start_agent(number)
    done = upgrade.wait(240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert set(ensemble.versions().values()) == {NEW}
    assert watch.restarts == [*followers, leader] and watch.most_down == 1


@pytest.mark.core
def test_a_permit_dies_with_the_agent_and_the_server_is_left_serving(ensemble):
    first = ensemble.followers()[0]
    ensemble.restart_agent(first, fault="agent.after_commit.stopping:kill")
    before = ensemble.zookeeper(first)
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    ensemble.wait_agent_dead(first)
    assert before.alive()
    upgrade.signal(signal.SIGSTOP)
    ensemble.start_agent(first)
    ensemble.wait(lambda: ensemble.operation_state(first) == "staged", 30, "it is staged again")
    assert before.alive(), "nobody may have stopped the server without a permit"
    upgrade.signal(signal.SIGCONT)
    done = upgrade.wait(240)
    if done.code != command.SUCCEEDED:  # its lease lapsed while it was stopped
        done = ensemble.run("resume", "--yes", seconds=240)
    assert done.code == command.SUCCEEDED, done


def test_a_controller_that_slept_is_refused_its_stop(ensemble):
    """Frozen between gate and stop for 10 s, while another member dies."""
    first, second = ensemble.followers()
    before = ensemble.zookeeper(first)
    upgrade = ensemble.begin_upgrade(
        testing.release(NEW), environment={"ZOOWARDEN_FAULT": "controller.before_proceed:stop"})
    ensemble.wait(upgrade.frozen, 180, "the controller sleeps on its permit")
    ensemble.kill_zookeeper(second)
    slept = time.monotonic()
    ensemble.wait(lambda: time.monotonic() - slept > 10, 20, "the permit is long dead")
    upgrade.signal(signal.SIGCONT)
    upgrade.wait_for_line(f"before stopping server {first}: if server {first} stops, 1 of 3", 60)
    assert before.alive(), "the second of three was stopped"
    ensemble.start_zookeeper(second)
    done = upgrade.wait(300)
    assert done.code == command.SUCCEEDED, done
    refused = upgrade.wait_for_line("proceed_failed", 1)
    assert "permit" in refused and "expired" in refused, refused
    assert set(ensemble.versions().values()) == {NEW}


def test_a_frozen_follower_stops_the_roll_and_the_new_server_is_left_alone(ensemble):
    ensemble.set_policy("soak", "8s")
    leader, followers = ensemble.leader(), ensemble.followers()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    ensemble.wait(lambda: ensemble.versions()[followers[0]] == NEW, 240, "the first serves")
    ensemble.freeze(followers[1])
    new = ensemble.zookeeper(followers[0])
    done = upgrade.wait(300)
    assert done.code == command.HALTED, done
    assert new.alive() and ensemble.versions()[followers[0]] == NEW
    assert ensemble.versions()[leader] == OLD
    # Not thawed: a 3.8 follower that its leader gave up meanwhile goes on without having written
    # all that it had received (ZOOKEEPER-4712), and 3.9.4 does not start on a log with a hole.
    ensemble.kill_zookeeper(followers[1])
    ensemble.start_zookeeper(followers[1])
    ensemble.wait_serving()
    resumed = ensemble.run("resume", "--yes", seconds=240)
    assert resumed.code == command.SUCCEEDED, resumed
    assert set(ensemble.versions().values()) == {NEW}


def test_a_follower_that_thaws_in_time_lets_the_roll_go_on(ensemble):
    ensemble.set_policy("soak", "6s")
    followers = ensemble.followers()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    ensemble.wait(lambda: ensemble.versions()[followers[0]] == NEW, 240, "the first serves")
    ensemble.freeze(followers[1])
    upgrade.wait_for_line(f"server {followers[0]}: server {followers[1]}: ", 60)
    ensemble.thaw(followers[1])
    done = upgrade.wait(240)
    assert done.code == command.SUCCEEDED, done


def test_a_follower_that_dies_during_anothers_step_is_never_joined_by_a_second_stop(ensemble):
    ensemble.set_policy("soak", "8s")
    leader, followers = ensemble.leader(), ensemble.followers()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    ensemble.wait(lambda: ensemble.versions()[followers[0]] == NEW, 240, "the first serves")
    survivors = [ensemble.zookeeper(number) for number in (followers[0], leader)]
    ensemble.kill_zookeeper(followers[1])
    done = upgrade.wait(300)
    assert done.code == command.HALTED, done
    assert all(process.alive() for process in survivors)
    ensemble.start_zookeeper(followers[1])
    ensemble.wait_serving()
    assert ensemble.run("rollback", "--yes", seconds=240).code == command.SUCCEEDED
    assert set(ensemble.versions().values()) == {OLD}


def test_a_new_server_that_elects_past_its_deadline_is_never_called_down(ensemble):
    """It was proved; then the leader and the other follower freeze, and it looks for a leader."""
    ensemble.set_policy("soak", "30s")
    ensemble.set_policy("step_timeout", "10s")
    leader, (first, second) = ensemble.leader(), ensemble.followers()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line("gate_passed", 180)
    new = ensemble.zookeeper(first)
    ensemble.freeze(leader)
    ensemble.freeze(second)
    ensemble.wait(lambda: ensemble.modes()[first] not in ("leader", "follower"), 60, "it elects")
    done = upgrade.wait(240)
    assert done.code == command.HALTED, done
    states = {member["id"]: member["state"] for member in ensemble.status()["members"]}
    assert new.alive() and "down" not in states.values(), states
    ensemble.thaw(leader)
    ensemble.thaw(second)
    ensemble.wait_serving()
    assert new.alive(), "a member that elected was stopped"
    resumed = ensemble.run("resume", "--yes", seconds=300)
    assert resumed.code == command.SUCCEEDED, resumed
    assert not ensemble.status()["open_runs"]


@pytest.mark.parametrize("verb, code", [("rollback", command.SUCCEEDED),
                                        ("resume", command.ROLLED_BACK)])
def test_a_stuck_run_is_continued_and_closed(ensemble, verb, code):
    """The new release fails, and the old one will not come back before a person helps."""
    ensemble.set_policy("step_timeout", "15s")
    first = ensemble.followers()[0]
    upgrade = ensemble.begin_upgrade(testing.bad_release("never_joins"))
    upgrade.wait_for_line("proceed", 180)
    data = ensemble.lab.server(first).data
    ensemble.wait(lambda: ensemble.zookeeper(first), 60, "the bad release was started")
    myid = (data / "myid").read_text(encoding="ascii")
    (data / "myid").unlink()
    done = upgrade.wait(240)
    assert done.code == command.STUCK, done
    assert f"server {first}" in done.err and "zoowarden" in done.err
    (data / "myid").write_text(myid, encoding="ascii")
    back = ensemble.run(verb, "--yes", seconds=240)
    assert back.code == code, back
    assert set(ensemble.versions().values()) == {OLD}
    assert not ensemble.status()["open_runs"]
