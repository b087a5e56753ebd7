"""Pausing and aborting a run from another machine, whatever its controller is doing."""

import signal

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"


def _counts(made) -> tuple:
    versions = sorted(made.versions().values())
    return versions.count(OLD), versions.count(NEW)


def test_a_run_is_paused_from_elsewhere_and_resumed(ensemble):
    load = ensemble.load()
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line("proceed", 180)
    elsewhere = ensemble.directory / "another machine"
    paused = ensemble.run("--state", elsewhere, "pause", "--yes", seconds=120)
    assert paused.code == command.SUCCEEDED, paused
    assert "pause interrupts zoowarden://lab/operator" in paused.err, paused
    left = upgrade.wait(60)
    assert left.code == command.HELD, left
    assert _counts(ensemble) == (2, 1), ensemble.versions()
    kinds = [event["kind"] for event in ensemble.run_shown()["events"]]
    assert "taken_over" in kinds and kinds[-1] == "left_open", kinds
    before = ensemble.processes()
    resumed = ensemble.run("resume", "--yes", seconds=240)
    assert resumed.code == command.SUCCEEDED, resumed
    assert sum(before[number] == ensemble.processes()[number] for number in ensemble.ids) == 1
    assert set(ensemble.versions().values()) == {NEW}
    testing.assert_kept(load)


def test_a_controller_that_hangs_does_not_keep_its_run_from_being_aborted(ensemble):
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line("proceed", 180)
    upgrade.signal(signal.SIGSTOP)
    aborted = ensemble.run("abort", "--yes", seconds=180)
    assert aborted.code == command.SUCCEEDED, aborted
    assert _counts(ensemble) == (2, 1), ensemble.versions()
    before = ensemble.processes()
    upgrade.signal(signal.SIGCONT)
    left = upgrade.wait(60)
    assert left.code == command.HELD, left
    assert ensemble.processes() == before, "it found nothing more to do"
    again = ensemble.run("abort", seconds=30)
    assert again.code == command.REFUSED and "nothing of it is under way" in again.err, again
    back = ensemble.run("rollback", "--yes", seconds=240)
    assert back.code == command.SUCCEEDED, back
    assert set(ensemble.versions().values()) == {OLD}
