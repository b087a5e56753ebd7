"""What agents and controllers do when the other one has gone."""

import os
import pathlib
import re
import shutil
import signal

import pytest

import ensemble as testing
from zoowarden_lab import command, layout, members, processes


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


def start_idle_by_hand(made, number: int):
    """As a colleague would: a copy of zoo.cfg, with ports that nobody knows, so without a quorum.

    The JVM runs and holds no file of its data directory open.
    """
    server = made.lab.server(number)
    remembered = dict(made.remembered(number))
    original = pathlib.Path(remembered["words"][-1])
    copy = server.directory / "by-hand.cfg"
    text = re.sub(r"^clientPort=.*$", "clientPort=12999", original.read_text(encoding="utf-8"),
                  flags=re.MULTILINE)
    text = text.replace(str(layout.QUORUM_PORT), "12998").replace(str(layout.ELECTION_PORT), "12997")
    copy.write_text(text, encoding="utf-8")
    remembered["words"] = [*remembered["words"][:-1], str(copy)]
    members.start(server, remembered)
    made.wait(lambda: made.zookeeper(number), 30, "it runs")
    return made.zookeeper(number)


def jvms_on(made, number: int) -> list:
    """Every process whose configuration lies below that server's directory."""
    below = f"{made.lab.server(number).directory}/"
    return [process for process in processes.everything()
            if process.words()[-1:] and process.words()[-1].startswith(below)
            and "QuorumPeerMain" in " ".join(process.words())]


def test_beside_an_idle_server_started_by_hand_nothing_is_rolled(ensemble):
    victim = ensemble.followers()[0]
    ensemble.kill_zookeeper(victim)
    idle = start_idle_by_hand(ensemble, victim)
    before = ensemble.processes()
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    assert outcome.code == command.REFUSED, outcome
    assert f"server {victim}" in outcome.out + outcome.err, outcome
    assert ensemble.processes() == before
    assert jvms_on(ensemble, victim) == [idle]


def test_beside_an_idle_server_started_by_hand_none_is_started(ensemble):
    """One that waits for its operator is not started once more, nor by a rollback."""
    victim = ensemble.followers()[0]
    ensemble.remember(victim)
    myid = ensemble.lab.server(victim).data / "myid"
    content = myid.read_bytes()
    myid.unlink()
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    assert outcome.code == command.STUCK, outcome
    myid.write_bytes(content)
    idle = start_idle_by_hand(ensemble, victim)
    for verb in ("retry", "rollback"):
        refused = ensemble.run("server", verb, victim, "--yes", seconds=300)
        assert refused.code == command.REFUSED, refused
        assert f"server {victim}" in refused.out + refused.err, refused
        assert jvms_on(ensemble, victim) == [idle]
        if verb == "retry":
            assert f"process {idle.pid}" in refused.out + refused.err, refused
    idle.signal(signal.SIGKILL)
    ensemble.wait(lambda: not idle.alive(), 20, "it has ended")
    assert ensemble.run("server", "rollback", victim, "--yes", seconds=300).code == 0
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
