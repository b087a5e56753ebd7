"""The controller is killed, stopped, or there are two of them."""

import os
import signal
import shutil
import time

import pytest

import ensemble as testing
from zoowarden_lab import command


def begin_and_wait(made, event, seconds=90):
    """An upgrade in the background that has just told of the event."""
    running = made.begin_upgrade(testing.release("3.9.4"))
    line = running.wait_for_line(event, seconds)
    return running, line


@pytest.mark.core
def test_a_killed_controller_is_resumed(ensemble):
    load, watched = ensemble.load(), ensemble.watch()
    running, _ = begin_and_wait(ensemble, testing.GATE_PASSED)
    running.kill()
    outcome = ensemble.run("resume", "--yes")
    watched.stop()
    assert outcome.code == 0, outcome
    ensemble.wait_serving()
    assert load.verdict()["lost"] == 0
    assert sorted(watched.restarts) == ensemble.ids, "nobody is restarted twice"
    assert watched.leader_last and watched.elections <= 1
    assert set(ensemble.versions().values()) == {"3.9.4"}


@pytest.mark.parametrize("event", [testing.STOP_INTENDED, testing.PROCEED])
def test_a_controller_killed_around_a_stop_is_resumed_elsewhere(ensemble, event):
    running, _ = begin_and_wait(ensemble, event)
    running.kill()
    shutil.rmtree(ensemble.directory / "state")
    (ensemble.directory / "state").mkdir()
    outcome = ensemble.run("resume", "--yes")
    assert outcome.code == 0, outcome
    assert set(ensemble.versions().values()) == {"3.9.4"}


@pytest.mark.core
def test_a_controller_that_slept_between_gate_and_stop_is_refused(ensemble):
    """While it sleeps another member dies; when it wakes, its stop must not happen."""
    running, line = begin_and_wait(ensemble, testing.STOP_INTENDED)
    running.signal(signal.SIGSTOP)
    target = testing.server_of(line)
    before = ensemble.zookeeper(target)
    other = next(number for number in ensemble.followers() if number != target)
    ensemble.kill_zookeeper(other)
    time.sleep(10)  # longer than any permit; there is no condition to wait for
    running.signal(signal.SIGCONT)
    with pytest.raises(testing.LabError):
        ensemble.wait(lambda: not before.alive(), 8, "the target is stopped")
    ensemble.start_zookeeper(other)
    outcome = running.wait(180)
    assert outcome.code in (command.SUCCEEDED, command.HALTED, command.REFUSED), outcome
    ensemble.wait_serving()


def test_a_second_controller_is_refused_and_told_who_holds_the_ensemble(ensemble, tmp_path):
    running, _ = begin_and_wait(ensemble, testing.STOP_INTENDED)
    second = ensemble.run("upgrade", "--to", "3.9.4", "--release",
                          testing.release("3.9.4").path, "--yes",
                          environment={"ZOOWARDEN_STATE": str(tmp_path / "second")})
    assert second.code == command.HELD, second
    assert "zoowarden://lab/operator" in second.out + second.err
    outcome = running.wait(180)
    assert outcome.code == 0, outcome


def test_an_interrupted_run_stops_at_a_safe_point_and_says_how_to_go_on(ensemble):
    running, _ = begin_and_wait(ensemble, testing.PROCEED)
    running.signal(signal.SIGINT)
    outcome = running.wait(120)
    assert outcome.code == command.INTERRUPTED, outcome
    assert "zoowarden resume" in outcome.out + outcome.err
    ensemble.wait_serving()
    outcome = ensemble.run("resume", "--yes")
    assert outcome.code == 0, outcome


def test_the_journal_alone_explains_a_run(ensemble):
    outcome = ensemble.upgrade(testing.release("3.9.4"))
    assert outcome.code == 0, outcome
    shutil.rmtree(ensemble.directory / "state")
    os.mkdir(ensemble.directory / "state")
    shown = ensemble.run_shown()
    kinds = [event["kind"] for event in shown["events"]]
    for kind in ("stop_intended", "proceed", "gate_passed", "commit"):
        assert kinds.count(kind) == 3, kinds
